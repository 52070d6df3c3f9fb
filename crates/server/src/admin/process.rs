//! Metrics of this process from Linux, under the names that all client libraries
//! use.

use std::fmt;

use procfs::ProcResult;
use procfs::process::LimitValue;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::families::{BYTES, Families, GAUGE, SECONDS, SECONDS_TOTAL, single, write_families};

#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    #[expect(clippy::as_conversions, reason = "times in seconds")]
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let read = || -> ProcResult<_> {
            let process = procfs::process::Process::myself()?;
            let max_fds = process.limits()?.max_open_files.soft_limit;
            Ok((
                process.stat()?,
                procfs::boot_time_secs()?,
                process.fd_count()?,
                max_fds,
            ))
        };
        // Without access to /proc, there are no such metrics.
        let Ok((stat, boot_time, open_fds, max_fds)) = read() else {
            return Ok(());
        };
        let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
        let max_fds = match max_fds {
            LimitValue::Value(limit) => limit,
            LimitValue::Unlimited => u64::MAX,
        };
        let mut families = Families(encoder);
        write_families! { families:
            SECONDS_TOTAL, "process_cpu",
                "Processor time, in user and system mode."
                => single(seconds(stat.utime + stat.stime));
            SECONDS, "process_start_time",
                "When the process started, since 1970 in UTC."
                => single(boot_time as f64 + seconds(stat.starttime));
            BYTES, "process_resident_memory",
                "Memory in use."
                => single(stat.rss.saturating_mul(procfs::page_size()));
            BYTES, "process_virtual_memory",
                "Memory reserved."
                => single(stat.vsize);
            GAUGE, "process_threads",
                "Threads."
                => single(stat.num_threads.unsigned_abs());
            GAUGE, "process_open_fds",
                "Open files and connections."
                => single(open_fds as u64);
            GAUGE, "process_max_fds",
                "Files and connections that may be open."
                => single(max_fds);
        }
        Ok(())
    }
}
