-- Nine reads, then a create.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

local reads, run, people
local sent = 0

function init(arguments)
  people = tonumber(arguments[1])
  run = arguments[3]
  reads = {}
  for id = 1, people do
    reads[id] = bench.get("/users/" .. id)
  end
end

function request()
  sent = sent + 1
  if sent % 10 == 0 then
    return bench.create_user(run)
  end
  return reads[math.random(people)]
end
