//! Metrics that Linux keeps of this process, under the names that all client
//! libraries use.

use std::fmt;

use procfs::ProcResult;
use procfs::process::{LimitValue, Process as LinuxProcess, Stat};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::families::{BYTES, Families, GAUGE, SECONDS, SECONDS_TOTAL, single};

#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    #[expect(clippy::as_conversions, reason = "times in seconds")]
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // Without access to /proc, there are no such metrics.
        let Ok(Usage {
            stat,
            boot_time,
            open_fds,
            max_fds,
        }) = Usage::now()
        else {
            return Ok(());
        };
        let seconds = |ticks: u64| ticks as f64 / procfs::ticks_per_second() as f64;
        let mut families = Families(encoder);
        families.write(
            SECONDS_TOTAL,
            "process_cpu",
            "Processor time, in user and system mode.",
            single(seconds(stat.utime + stat.stime)),
        )?;
        families.write(
            SECONDS,
            "process_start_time",
            "When the process started, since 1970 in UTC.",
            single(boot_time as f64 + seconds(stat.starttime)),
        )?;
        let resident = stat.rss.saturating_mul(procfs::page_size());
        families.write(
            BYTES,
            "process_resident_memory",
            "Memory in use.",
            single(resident),
        )?;
        families.write(
            BYTES,
            "process_virtual_memory",
            "Memory reserved.",
            single(stat.vsize),
        )?;
        for (name, help, value) in [
            (
                "process_threads",
                "Threads.",
                u64::try_from(stat.num_threads).unwrap_or_default(),
            ),
            ("process_open_fds", "Open files and connections.", open_fds),
            (
                "process_max_fds",
                "Files and connections that may be open.",
                max_fds,
            ),
        ] {
            families.write(GAUGE, name, help, single(value))?;
        }
        Ok(())
    }
}

struct Usage {
    stat: Stat,
    boot_time: u64,
    open_fds: u64,
    max_fds: u64,
}

impl Usage {
    fn now() -> ProcResult<Self> {
        let process = LinuxProcess::myself()?;
        Ok(Self {
            stat: process.stat()?,
            boot_time: procfs::boot_time_secs()?,
            open_fds: u64::try_from(process.fd_count()?).unwrap_or_default(),
            max_fds: match process.limits()?.max_open_files.soft_limit {
                LimitValue::Value(limit) => limit,
                LimitValue::Unlimited => u64::MAX,
            },
        })
    }
}
