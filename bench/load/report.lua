-- What every scenario shares: requests written out once, and a result that a
-- program reads.

bench = {}

local HOST = "\r\nHost: 127.0.0.1\r\n"

function bench.get(path, headers)
  return "GET " .. path .. " HTTP/1.1" .. HOST .. (headers or "") .. "\r\n"
end

function bench.send(method, path, body, headers)
  return method .. " " .. path .. " HTTP/1.1" .. HOST .. (headers or "")
    .. "Content-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- Sends any of these.
function bench.any_of(requests)
  local count = #requests
  function request()
    return requests[math.random(count)]
  end
end

-- A user whom nobody created before; `run` is another one in every run.
local created = 0
function bench.create_user(run)
  created = created + 1
  return bench.send("POST", "/users", '{"name":"Ada Lovelace","email":"ada.' .. run .. "." .. created
    .. '@example.org"}')
end

-- Times are microseconds.
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"duration":%d,"bytes":%d,"p50":%d,"p99":%d,"max":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(99), latency.max,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
