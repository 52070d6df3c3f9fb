-- POST /users
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

local run

function init(arguments)
  run = arguments[3]
end

function request()
  return bench.create_user(run)
end
