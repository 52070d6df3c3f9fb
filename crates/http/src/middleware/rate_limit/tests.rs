use governor::clock::FakeRelativeClock;

use super::buckets::MOST_KEYS;
use super::*;

fn limits(requests: u32, seconds: u64) -> (RateLimits<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    let limit = RateLimit {
        requests: NonZeroU32::new(requests).unwrap(),
        period: Duration::from_secs(seconds),
    };
    (RateLimits::new(limit, clock.clone()), clock)
}

fn visit(number: u32) -> RateLimitKey {
    RateLimitKey {
        network: IpAddr::from(number.to_be_bytes()),
        shows_credential: true,
    }
}

fn problem(problem: Problem) -> HttpResponse {
    problem.answer("id", &"")
}

fn header<'a>(answer: &'a HttpResponse, name: &str) -> &'a str {
    answer.headers().get(name).unwrap().to_str().unwrap()
}

#[test]
fn a_quota_is_used_up_and_comes_back() {
    let (limits, clock) = limits(3, 60);
    for (remaining, more_in) in [(2, 20), (1, 40), (0, 60)] {
        let allowance = limits.admit(&visit(1), None).unwrap();
        assert_eq!(
            (allowance.remaining, allowance.more_in),
            (remaining, more_in)
        );
    }
    clock.advance(Duration::from_secs(5));
    let refused = problem(limits.admit(&visit(1), None).unwrap_err());
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "retry-after"), "15");
    assert_eq!(header(&refused, "ratelimit"), "\"address\";r=0;t=15");
    assert_eq!(header(&refused, "ratelimit-policy"), "\"address\";q=3;w=60");
    clock.advance(Duration::from_secs(15));
    assert!(limits.admit(&visit(1), None).is_ok());
    assert!(limits.admit(&visit(1), None).is_err());
}

#[test]
fn everybody_has_a_quota_of_their_own() {
    let (limits, _) = limits(1, 60);
    for credential in [None, Some([1; 32]), Some([2; 32])] {
        assert!(limits.admit(&visit(1), credential).is_ok());
        assert!(limits.admit(&visit(1), credential).is_err());
    }
    // Wherever a caller comes from, it is the same.
    assert!(limits.admit(&visit(2), Some([1; 32])).is_err());
    assert!(limits.admit(&visit(2), None).is_ok());
}

#[test]
fn wrong_credentials_use_up_the_right_to_show_any() {
    let (limits, clock) = limits(2, 60);
    let answer = |status| {
        let mut answer = HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish();
        let allowance = QuotaStatus {
            policy: "address",
            remaining: 1,
            more_in: 1,
        };
        limits.settle(&visit(1), allowance, &mut answer);
        assert_eq!(header(&answer, "ratelimit"), "\"address\";r=1;t=1");
    };
    for status in [200, 404, 401, 403, 401] {
        assert!(limits.check_failures(&visit(1)).is_ok());
        answer(status);
    }
    let refused = problem(limits.check_failures(&visit(1)).unwrap_err());
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "ratelimit"), "\"failures\";r=0;t=30");
    assert!(limits.check_failures(&visit(2)).is_ok());
    let anonymous = RateLimitKey {
        shows_credential: false,
        ..visit(1)
    };
    assert!(limits.check_failures(&anonymous).is_ok());
    clock.advance(Duration::from_secs(30));
    assert!(limits.check_failures(&visit(1)).is_ok());
}

#[test]
fn a_flood_of_strangers_takes_bounded_memory_and_nothing_from_those_who_are_known() {
    let (limits, clock) = limits(2, 60);
    assert!(limits.admit(&visit(0), None).is_ok());
    let most = u32::try_from(MOST_KEYS).unwrap();
    let admitted = (1..most * 2)
        .filter(|number| limits.admit(&visit(*number), None).is_ok())
        .count();
    // The last ones share a quota.
    assert_eq!(admitted, MOST_KEYS - 1 + 2);
    assert_eq!(limits.requests.len(), MOST_KEYS);
    assert!(limits.admit(&visit(0), None).is_ok());
    clock.advance(Duration::from_secs(120));
    for _ in 0..SWEEP_AFTER {
        drop(limits.admit(&visit(0), None));
    }
    assert_eq!(limits.requests.len(), 1);
}

#[test]
fn health_is_not_counted() {
    let proxies = TrustedProxies::default();
    let visit = |path: &str| {
        let request = actix_web::test::TestRequest::with_uri(path).to_http_request();
        RateLimitKey::of(&request, &proxies)
    };
    for path in ["/livez", "/readyz", "/readyz/", "/livez?x"] {
        assert!(visit(path).is_none(), "{path}");
    }
    for path in ["/", "/users", "/livezz", "/users/livez"] {
        assert!(visit(path).is_some(), "{path}");
    }
}
