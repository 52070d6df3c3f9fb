//! Metric families in the form that `prometheus-client` encodes.

use std::fmt;

use byline_application::metrics::Distribution;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Unit;

/// Writes families of metrics: a name, its description, and a value for each set of
/// labels. Names exclude the suffixes of units and totals, which follow from the
/// kind.
pub(super) struct Families<'a>(pub(super) DescriptorEncoder<'a>);

impl Families<'_> {
    pub(super) fn write<L: EncodeLabelSet, V, M: EncodeMetric + TypedMetric>(
        &mut self,
        (unit, metric): Kind<V, M>,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        let mut encoder = self
            .0
            .encode_descriptor(name, help, unit.as_ref(), M::TYPE)?;
        for (labels, value) in rows {
            metric(value).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// Writes a table of families: a kind, a name and a help text, `=>` and the rows.
macro_rules! write_families {
    ($families:ident: $($kind:expr, $name:literal, $help:literal => $rows:expr;)*) => {
        $($families.write($kind, $name, $help, $rows)?;)*
    };
}
pub(super) use write_families;

/// Returns the only row of a family without labels.
pub(super) fn single<V>(value: V) -> [([(&'static str, &'static str); 0], V); 1] {
    [([], value)]
}

/// The unit of a family, and how its values become metrics.
pub(super) type Kind<V, M> = (Option<Unit>, fn(V) -> M);

pub(super) const COUNTER: Kind<u64, ConstCounter> = (None, ConstCounter::new);
pub(super) const GAUGE: Kind<u64, ConstGauge<f64>> = (None, gauge);
pub(super) const BYTES: Kind<u64, ConstGauge<f64>> = (Some(Unit::Bytes), gauge);
pub(super) const SECONDS: Kind<f64, ConstGauge<f64>> = (Some(Unit::Seconds), ConstGauge::new);
pub(super) const SECONDS_TOTAL: Kind<f64, ConstCounter<f64>> =
    (Some(Unit::Seconds), ConstCounter::new);

/// Distributions of nanoseconds, in seconds.
pub(super) const fn times<'d>() -> Kind<&'d Distribution, Observed<'d>> {
    (Some(Unit::Seconds), |seen| Observed(seen, 1e9))
}

/// Distributions of whole numbers.
pub(super) const fn sizes<'d>() -> Kind<&'d Distribution, Observed<'d>> {
    (None, |seen| Observed(seen, 1.0))
}

#[expect(
    clippy::as_conversions,
    reason = "a gauge is a float in every client; exact up to 2^53"
)]
fn gauge(value: u64) -> ConstGauge<f64> {
    ConstGauge::new(value as f64)
}

/// A histogram, and how many of its units make one of the family's.
pub(super) struct Observed<'a>(&'a Distribution, f64);

impl TypedMetric for Observed<'_> {
    const TYPE: MetricType = MetricType::Histogram;
}

impl EncodeMetric for Observed<'_> {
    #[expect(
        clippy::as_conversions,
        reason = "sums and bounds are floats in every client"
    )]
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let Self(seen, divisor) = self;
        let bound = |(bound, count): &(u64, u64)| (*bound as f64 / divisor, *count);
        let mut ranges: Vec<_> = seen.ranges.iter().map(bound).collect();
        ranges.push((f64::INFINITY, seen.beyond));
        let sum = seen.sum as f64 / divisor;
        encoder.encode_histogram::<NoLabelSet>(sum, seen.count(), &ranges, None)
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}
