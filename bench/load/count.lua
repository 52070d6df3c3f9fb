-- A list with the number of all its rows: the dearest read that there is.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

function init()
  bench.any_of({bench.get("/posts?limit=1", "Prefer: count=exact\r\n")})
end
