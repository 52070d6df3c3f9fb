//! What the system says of this process, under the names that every client
//! library uses.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

#[derive(Debug)]
pub(super) struct Process;

#[cfg(target_os = "linux")]
impl Collector for Process {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        use super::families::Families;

        // Where /proc is hidden, there are no such metrics.
        let Ok(usage) = Usage::now() else {
            return Ok(());
        };
        let mut families = Families::new(encoder);
        families.seconds_total(
            "process_cpu",
            "Processor time, in user and system mode.",
            usage.cpu_seconds,
        )?;
        families.seconds(
            "process_start_time",
            "When the process started, since 1970 in UTC.",
            usage.start_time,
        )?;
        families.bytes("process_resident_memory", "Memory in use.", usage.resident)?;
        families.bytes("process_virtual_memory", "Memory reserved.", usage.reserved)?;
        families.gauge("process_threads", "Threads.", [(&[][..], usage.threads)])?;
        families.gauge(
            "process_open_fds",
            "Open files and connections.",
            [(&[][..], usage.open_fds)],
        )?;
        families.gauge(
            "process_max_fds",
            "Files and connections that may be open.",
            [(&[][..], usage.max_fds)],
        )
    }
}

/// Elsewhere there is nothing to read it from.
#[cfg(not(target_os = "linux"))]
impl Collector for Process {
    fn encode(&self, _: DescriptorEncoder<'_>) -> fmt::Result {
        Ok(())
    }
}

#[cfg(target_os = "linux")]
struct Usage {
    cpu_seconds: f64,
    start_time: f64,
    resident: u64,
    reserved: u64,
    threads: u64,
    open_fds: u64,
    max_fds: u64,
}

#[cfg(target_os = "linux")]
impl Usage {
    #[expect(clippy::as_conversions, reason = "times in seconds")]
    fn now() -> procfs::ProcResult<Self> {
        use procfs::process::{LimitValue, Process};

        let process = Process::myself()?;
        let stat = process.stat()?;
        let ticks = procfs::ticks_per_second() as f64;
        Ok(Self {
            cpu_seconds: (stat.utime + stat.stime) as f64 / ticks,
            start_time: procfs::boot_time_secs()? as f64 + stat.starttime as f64 / ticks,
            resident: stat.rss.saturating_mul(procfs::page_size()),
            reserved: stat.vsize,
            threads: u64::try_from(stat.num_threads).unwrap_or_default(),
            open_fds: u64::try_from(process.fd_count()?).unwrap_or_default(),
            max_fds: match process.limits()?.max_open_files.soft_limit {
                LimitValue::Value(limit) => limit,
                LimitValue::Unlimited => u64::MAX,
            },
        })
    }
}
