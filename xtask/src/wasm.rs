//! The wasm module: built by rustup's toolchain, or by the distribution's where rustup has no wasm target.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::shell;

const TARGET: &str = "wasm32-unknown-unknown";
const NAME: &str = "preflight_wasm";
/// Says which sources a build came from; travels into `action/dist` with the module.
const STAMP: &str = "checker.stamp";

/// Builds `checker/wasm` and writes `action/wasm/{checker.js,checker_bg.wasm}`.
pub(crate) fn build() -> anyhow::Result<()> {
    let root = shell::root();
    let target_dir = root.join("target").join("wasm");
    let mut cargo = toolchain()?;
    cargo.args([
        "build",
        "--package",
        "preflight-wasm",
        "--profile",
        "wasm",
        "--target",
        TARGET,
        "--locked",
        "--target-dir",
    ]);
    shell::run(cargo.arg(&target_dir))?;
    let module = target_dir.join(TARGET).join("wasm").join(format!("{NAME}.wasm"));
    let out = root.join("action").join("wasm");
    fs::create_dir_all(&out)?;
    Bindgen::new()
        .input_path(&module)
        .web(true)?
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .out_name("checker")
        .generate(&out)
        .context("wasm-bindgen")?;
    let size = fs::metadata(out.join("checker_bg.wasm"))?.len();
    println!("action/wasm/checker_bg.wasm: {size} bytes");
    fs::write(out.join(STAMP), stamp()?)?;
    Ok(())
}

/// Fails when `action/dist` was built from other sources than these. Toolchains differ in the bytes they write, so the
/// sources are compared and not the module.
pub(crate) fn check() -> anyhow::Result<()> {
    let kept = fs::read_to_string(shell::root().join("action/dist").join(STAMP)).unwrap_or_default();
    if kept == stamp()? {
        return Ok(());
    }
    bail!("action/dist is stale: run `cargo xtask dist` and commit what it writes")
}

/// One line that changes with every source of the module: FNV-1a over paths and contents.
fn stamp() -> anyhow::Result<String> {
    let root = shell::root();
    let mut paths = vec![root.join("Cargo.toml"), root.join("Cargo.lock")];
    for package in ["checker", "checker/unicode-names", "checker/wasm"] {
        paths.push(root.join(package).join("Cargo.toml"));
        files_below(&root.join(package).join("src"), &mut paths)?;
    }
    paths.sort();
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for path in paths {
        let name = path.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
        for byte in name.bytes().chain([0]).chain(fs::read(&path)?).chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(format!("{hash:016x}\n"))
}

fn files_below(dir: &Path, paths: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() { files_below(&path, paths)? } else { paths.push(path) }
    }
    Ok(())
}

/// A cargo that can build for wasm, with paths of this machine kept out of the bytes.
fn toolchain() -> anyhow::Result<Command> {
    let mut cargo = if rustup_has_target() { shell::cargo() } else { distribution()? };
    let home = env::var_os("CARGO_HOME").map_or_else(|| home().join(".cargo"), PathBuf::from);
    let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
    let flags = [remap(&home.join("registry").join("src"), "deps"), remap(&shell::root(), "preflight")];
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
    Ok(cargo)
}

fn home() -> PathBuf {
    env::var_os("HOME").map(PathBuf::from).unwrap_or_default()
}

/// True when rustup has the target or can fetch it.
fn rustup_has_target() -> bool {
    let installed = shell::output(
        Command::new("rustup").args(["target", "list", "--installed"]).current_dir(shell::root()),
    );
    let Some(installed) = installed else { return false };
    if installed.lines().any(|line| line.trim() == TARGET) {
        return true;
    }
    println!("installing the Rust target {TARGET} with rustup");
    Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(shell::root())
        .status()
        .is_ok_and(|status| status.success())
}

/// The toolchain of Debian and its kin, which ships the sources of the standard library.
fn distribution() -> anyhow::Result<Command> {
    let rustc = "/usr/bin/rustc";
    let sysroot = || shell::output(Command::new(rustc).args(["--print", "sysroot"]));
    let has_sources = |sysroot: &str| {
        Path::new(sysroot).join("lib/rustlib/src/rust/library").exists() || Path::new("/usr/src").exists()
    };
    if sysroot().is_none_or(|sysroot| !has_sources(&sysroot)) {
        println!("installing rustc-web, cargo-web and rust-web-src with apt-get");
        shell::run(Command::new("apt-get").args([
            "install",
            "-y",
            "--no-install-recommends",
            "rustc-web",
            "cargo-web",
            "rust-web-src",
        ]))
        .context("neither rustup nor apt-get can provide a toolchain for wasm32-unknown-unknown")?;
    }
    let Some(sysroot) = sysroot() else { bail!("{rustc} does not run") };
    let linker = Path::new(&sysroot).join("lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld");
    let mut path = OsString::from(&linker);
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    let mut cargo = Command::new("/usr/bin/cargo");
    cargo
        .current_dir(shell::root())
        .env("RUSTC", rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("PATH", path)
        .env_remove("RUSTUP_TOOLCHAIN");
    cargo.args(["-Z", "build-std=std,panic_abort"]);
    Ok(cargo)
}
