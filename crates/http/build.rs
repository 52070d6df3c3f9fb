//! Compresses the assets of `/docs`, which make up most of the crate, once.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

const ASSETS: [&str; 4] = [
    "assets/docs/index.html",
    "assets/docs/start.js",
    "assets/swagger-ui/swagger-ui-bundle.js",
    "assets/swagger-ui/swagger-ui.css",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=assets");
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    for asset in ASSETS {
        let path = Path::new(asset);
        let name = path.file_name().ok_or("an asset has a name")?;
        let mut target = Path::new(&out).join(name).into_os_string();
        target.push(".gz");
        let mut encoder = GzEncoder::new(fs::File::create(target)?, Compression::best());
        encoder.write_all(&fs::read(path)?)?;
        encoder.finish()?;
    }
    Ok(())
}
