-- POST /posts, by any of so many users.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

local users

function init(arguments)
  users = tonumber(arguments[1])
end

function request()
  return bench.send("POST", "/posts", '{"user_id":' .. math.random(users)
    .. ',"title":"Notes ' .. math.random(1000000) .. '","content":"On the Analytical Engine"}')
end
