-- GET /posts
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

function init()
  bench.any_of({bench.get("/posts?limit=50")})
end
