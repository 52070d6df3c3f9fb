use actix_web::{HttpRequest, HttpResponse};

use super::{QuotaStatus, RateLimitKey, RateLimits};
use crate::Api;
use crate::problem::Problem;

/// Where a request passes the limits of the service, if it has any.
pub(crate) struct RateLimitGuard(Option<Counted>);

/// A request that counts.
struct Counted {
    api: Api,
    visit: RateLimitKey,
    allowance: Option<QuotaStatus>,
}

impl Counted {
    /// What the limits say; a refusal is counted.
    fn ask<T: Default>(
        &self,
        question: impl FnOnce(&RateLimits) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let Some(limits) = self.api.limits() else {
            return Ok(T::default());
        };
        question(limits).inspect_err(|_| self.api.meters().rate_limited.increment())
    }
}

impl RateLimitGuard {
    /// The gate before a request.
    pub(crate) fn of(api: &Api, request: &HttpRequest) -> Self {
        let counted = || {
            api.limits()?;
            Some(Counted {
                api: api.clone(),
                visit: RateLimitKey::of(request, &api.settings().protection.proxies)?,
                allowance: None,
            })
        };
        Self(counted())
    }

    /// Lets the credential be looked at, unless too many from the same network
    /// were wrong.
    ///
    /// # Errors
    ///
    /// [`Code::RateLimited`](crate::problem::Code::RateLimited).
    pub(crate) fn check_failures(&self) -> Result<(), Problem> {
        match &self.0 {
            Some(counted) => counted.ask(|limits| limits.check_failures(&counted.visit)),
            None => Ok(()),
        }
    }

    /// Counts the request: for whom this credential means, or for the network
    /// that it comes from.
    ///
    /// # Errors
    ///
    /// [`Code::RateLimited`](crate::problem::Code::RateLimited).
    pub(crate) fn admit(&mut self, credential: Option<[u8; 32]>) -> Result<(), Problem> {
        if let Some(counted) = &mut self.0 {
            let admit = |limits: &RateLimits| limits.admit(&counted.visit, credential).map(Some);
            counted.allowance = counted.ask(admit)?;
        }
        Ok(())
    }

    /// Tells the caller what is left, and remembers a credential that was
    /// wrong.
    pub(crate) fn settle(self, answer: &mut HttpResponse) {
        if let Some(counted) = self.0
            && let (Some(limits), Some(allowance)) = (counted.api.limits(), counted.allowance)
        {
            limits.settle(&counted.visit, allowance, answer);
        }
    }
}
