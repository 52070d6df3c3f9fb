use std::fmt;

use byline_application::metrics::Distribution;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Unit;

/// Labels of one row of a family.
pub(super) type Labels<'a> = &'a [(&'a str, &'a str)];

/// Writes families of metrics: a name, what it means, a value for each set of
/// labels. Names are without the suffixes of units and totals, which follow
/// from the kind.
pub(super) struct Families<'a>(DescriptorEncoder<'a>);

impl<'a> Families<'a> {
    pub(super) fn new(encoder: DescriptorEncoder<'a>) -> Self {
        Self(encoder)
    }

    pub(super) fn counter<'l>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'l>, u64)>,
    ) -> fmt::Result {
        let counters = rows
            .into_iter()
            .map(|(labels, count)| (labels, ConstCounter::new(count)));
        self.family(name, help, None, MetricType::Counter, counters)
    }

    pub(super) fn seconds_total(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let row = [(&[][..], ConstCounter::new(value))];
        self.family(name, help, Some(&Unit::Seconds), MetricType::Counter, row)
    }

    pub(super) fn gauge<'l>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'l>, u64)>,
    ) -> fmt::Result {
        let gauges = rows
            .into_iter()
            .map(|(labels, value)| (labels, gauge(value)));
        self.family(name, help, None, MetricType::Gauge, gauges)
    }

    pub(super) fn bytes(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        let row = [(&[][..], gauge(value))];
        self.family(name, help, Some(&Unit::Bytes), MetricType::Gauge, row)
    }

    pub(super) fn seconds(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let row = [(&[][..], ConstGauge::new(value))];
        self.family(name, help, Some(&Unit::Seconds), MetricType::Gauge, row)
    }

    /// Times that were observed in nanoseconds, in seconds.
    pub(super) fn times<'l>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'l>, &'l Distribution)>,
    ) -> fmt::Result {
        let histograms = rows
            .into_iter()
            .map(|(labels, seen)| (labels, Observed { seen, unit: 1e9 }));
        self.family(
            name,
            help,
            Some(&Unit::Seconds),
            MetricType::Histogram,
            histograms,
        )
    }

    /// Sizes of something that is counted.
    pub(super) fn sizes<'l>(
        &mut self,
        name: &str,
        help: &str,
        rows: impl IntoIterator<Item = (Labels<'l>, &'l Distribution)>,
    ) -> fmt::Result {
        let histograms = rows
            .into_iter()
            .map(|(labels, seen)| (labels, Observed { seen, unit: 1.0 }));
        self.family(name, help, None, MetricType::Histogram, histograms)
    }

    fn family<'l, M: EncodeMetric>(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        kind: MetricType,
        rows: impl IntoIterator<Item = (Labels<'l>, M)>,
    ) -> fmt::Result {
        let mut encoder = self.0.encode_descriptor(name, help, unit, kind)?;
        for (labels, metric) in rows {
            metric.encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[expect(
    clippy::as_conversions,
    reason = "a gauge is a float in every client; exact up to 2^53"
)]
fn gauge(value: u64) -> ConstGauge<f64> {
    ConstGauge::new(value as f64)
}

/// What a histogram has seen, `unit` of its numbers to one of the family's.
struct Observed<'a> {
    seen: &'a Distribution,
    unit: f64,
}

impl EncodeMetric for Observed<'_> {
    #[expect(
        clippy::as_conversions,
        reason = "sums and bounds are floats in every client"
    )]
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        let bound = |(bound, count): &(u64, u64)| (*bound as f64 / self.unit, *count);
        let mut ranges: Vec<_> = self.seen.ranges.iter().map(bound).collect();
        ranges.push((f64::INFINITY, self.seen.beyond));
        let sum = self.seen.sum as f64 / self.unit;
        encoder.encode_histogram::<NoLabelSet>(sum, self.seen.count(), &ranges, None)
    }

    fn metric_type(&self) -> MetricType {
        MetricType::Histogram
    }
}
