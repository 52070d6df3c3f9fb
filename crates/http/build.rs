//! Compresses the files of `/docs`, the largest part of the crate.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::GzEncoder;

const INDEX: &str = "assets/docs/index.html";

const ASSETS: [&str; 4] = [
    INDEX,
    "assets/docs/start.js",
    "assets/swagger-ui/swagger-ui-bundle.js",
    "assets/swagger-ui/swagger-ui.css",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=assets");
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    let out = Path::new(&out);
    for asset in ASSETS {
        let path = Path::new(asset);
        let name = path.file_name().ok_or("an asset has a name")?;
        compress(&out.join(name), &fs::read(path)?)?;
    }
    // The relative links of the page would lead elsewhere from `/docs/`.
    let page = fs::read_to_string(INDEX)?
        .replace("\"docs/", "\"")
        .replace("\"openapi.json", "\"../openapi.json");
    compress(&out.join("index-slash.html"), page.as_bytes())
}

fn compress(target: &Path, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let mut target = target.as_os_str().to_owned();
    target.push(".gz");
    let mut encoder = GzEncoder::new(fs::File::create(target)?, Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()?;
    Ok(())
}
