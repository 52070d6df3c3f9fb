-- GET of any path of a file.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

function init(arguments)
  local requests = {}
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = bench.get(path)
  end
  bench.any_of(requests)
end
