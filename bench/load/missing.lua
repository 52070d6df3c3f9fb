-- GET of a user that there is not.
dofile(os.getenv("BENCH_LOAD") .. "/report.lua")

function init()
  bench.any_of({bench.get("/users/999999999")})
end
