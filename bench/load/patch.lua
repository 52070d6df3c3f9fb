-- PATCH /posts/{id} with If-Match: the posts in turn, each with the version that
-- it has by then.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

local versions = {}
local at = 0
local changes = 0

-- The file has the version of post 1 in its first line, and so on.
function init(arguments)
  for version in io.lines(arguments[4]) do
    versions[#versions + 1] = tonumber(version)
  end
end

function request()
  at = at % #versions + 1
  changes = changes + 1
  local headers = 'If-Match: "' .. versions[at] .. '"\r\n'
  versions[at] = versions[at] + 1
  return bench.send("PATCH", "/posts/" .. at, '{"title":"Change ' .. changes .. '"}', headers)
end
