-- A list with the number of all its rows: the dearest read that there is.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

function init()
  bench.any_of({bench.get("/posts?sort=created_at&created_at.gte=2020-01-01T00:00:00Z&limit=1",
    "Prefer: count=exact\r\n")})
end
