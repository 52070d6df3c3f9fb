-- GET of one of 10,000 users, chosen at random.
request = function()
  return wrk.format("GET", "/users/" .. math.random(1, 10000))
end
