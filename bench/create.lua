-- POST of a user with an address that nobody has.
math.randomseed(os.time())
local run, count = math.random(1, 1000000000), 0
local headers = {["Content-Type"] = "application/json"}
request = function()
  count = count + 1
  local body = '{"name":"Ada Lovelace","email":"u%d.%d@example.org"}'
  return wrk.format("POST", "/users", headers, body:format(run, count))
end
