use governor::clock::FakeRelativeClock;

use super::buckets::MAX_KEYS;
use super::*;

fn limits(requests: u32, seconds: u64) -> (RateLimits<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    let limit = RateLimit {
        requests: NonZeroU32::new(requests).unwrap(),
        period: Duration::from_secs(seconds),
    };
    (RateLimits::new(limit, clock.clone()), clock)
}

fn client(number: u32) -> RateLimitKey {
    RateLimitKey {
        network: IpAddr::from(number.to_be_bytes()),
        has_credential: true,
    }
}

fn response_of(problem: Problem) -> HttpResponse {
    problem.answer("id", &"")
}

fn header<'a>(response: &'a HttpResponse, name: &str) -> &'a str {
    response.headers().get(name).unwrap().to_str().unwrap()
}

#[test]
fn a_quota_is_used_up_and_refills() {
    let (limits, clock) = limits(3, 60);
    for (remaining, reset) in [(2, 20), (1, 40), (0, 60)] {
        let quota = limits.admit(&client(1), None).unwrap();
        assert_eq!((quota.remaining, quota.reset), (remaining, reset));
    }
    clock.advance(Duration::from_secs(5));
    let refused = response_of(limits.admit(&client(1), None).unwrap_err());
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "retry-after"), "15");
    assert_eq!(header(&refused, "ratelimit"), "\"address\";r=0;t=15");
    assert_eq!(header(&refused, "ratelimit-policy"), "\"address\";q=3;w=60");
    clock.advance(Duration::from_secs(15));
    assert!(limits.admit(&client(1), None).is_ok());
    assert!(limits.admit(&client(1), None).is_err());
}

#[test]
fn every_caller_has_its_own_quota() {
    let (limits, _) = limits(1, 60);
    for credential in [None, Some([1; 32]), Some([2; 32])] {
        assert!(limits.admit(&client(1), credential).is_ok());
        assert!(limits.admit(&client(1), credential).is_err());
    }
    // A credential has one quota in all networks.
    assert!(limits.admit(&client(2), Some([1; 32])).is_err());
    assert!(limits.admit(&client(2), None).is_ok());
}

#[test]
fn wrong_credentials_are_limited_per_network() {
    let (limits, clock) = limits(2, 60);
    let settle = |status| {
        let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish();
        let quota = QuotaStatus {
            policy: "address",
            remaining: 1,
            reset: 1,
        };
        limits.settle(&client(1), quota, &mut response);
        assert_eq!(header(&response, "ratelimit"), "\"address\";r=1;t=1");
    };
    for status in [200, 404, 401, 403, 401] {
        assert!(limits.check_failures(&client(1)).is_ok());
        settle(status);
    }
    let refused = response_of(limits.check_failures(&client(1)).unwrap_err());
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "ratelimit"), "\"failures\";r=0;t=30");
    assert!(limits.check_failures(&client(2)).is_ok());
    let anonymous = RateLimitKey {
        has_credential: false,
        ..client(1)
    };
    assert!(limits.check_failures(&anonymous).is_ok());
    clock.advance(Duration::from_secs(30));
    assert!(limits.check_failures(&client(1)).is_ok());
}

#[test]
fn a_flood_of_new_callers_takes_bounded_memory_and_no_quota_of_known_ones() {
    let (limits, clock) = limits(2, 60);
    assert!(limits.admit(&client(0), None).is_ok());
    let most = u32::try_from(MAX_KEYS).unwrap();
    let admitted = (1..most * 2)
        .filter(|number| limits.admit(&client(*number), None).is_ok())
        .count();
    // All others share one quota.
    assert_eq!(admitted, MAX_KEYS - 1 + 2);
    assert_eq!(limits.requests.len(), MAX_KEYS);
    assert!(limits.admit(&client(0), None).is_ok());
    clock.advance(Duration::from_secs(120));
    for _ in 0..SWEEP_AFTER {
        drop(limits.admit(&client(0), None));
    }
    assert_eq!(limits.requests.len(), 1);
}

#[test]
fn health_endpoints_have_no_limit() {
    let proxies = TrustedProxies::default();
    let key_of = |path: &str| {
        let request = actix_web::test::TestRequest::with_uri(path).to_http_request();
        RateLimitKey::of(&request, &proxies)
    };
    for path in ["/livez", "/readyz", "/readyz/", "/livez?x"] {
        assert!(key_of(path).is_none(), "{path}");
    }
    for path in ["/", "/users", "/livezz", "/users/livez"] {
        assert!(key_of(path).is_some(), "{path}");
    }
}
