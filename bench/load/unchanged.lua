-- GET /users/{id} of a version that the client has.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

function init(arguments)
  local requests = {}
  for id = 1, tonumber(arguments[1]) do
    requests[id] = bench.get("/users/" .. id, 'If-None-Match: "1"\r\n')
  end
  bench.any_of(requests)
end
