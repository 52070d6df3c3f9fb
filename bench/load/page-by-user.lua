-- GET /users/{id}/posts?sort=-created_at
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

function init(arguments)
  local requests = {}
  for id = 1, tonumber(arguments[2]) do
    requests[id] = bench.get("/users/" .. id .. "/posts?sort=-created_at&limit=50")
  end
  bench.any_of(requests)
end
