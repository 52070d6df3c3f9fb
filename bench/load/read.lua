-- GET /users/{id}
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

function init(arguments)
  local requests = {}
  for id = 1, tonumber(arguments[1]) do
    requests[id] = bench.get("/users/" .. id)
  end
  bench.any_of(requests)
end
