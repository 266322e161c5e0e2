//! nginx as a peer: installed where that is allowed, with a configuration and a port of its own.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{
    Outcome,
    http::{await_listening, free_addr},
};

pub(crate) struct Nginx {
    child: Child,
    pub(crate) addr: SocketAddr,
}

impl Nginx {
    /// Serves `files` by sendfile, with as many workers as there are cores.
    pub(crate) fn start(root: &Path, files: &Path) -> Outcome<Self> {
        let program =
            found().or_else(installed).ok_or("it is not installed; type: sudo apt-get install nginx-light")?;
        let addr = free_addr()?;
        let own = root.join("nginx");
        fs::create_dir(&own)?;
        let (own, files) = (own.display(), files.display());
        // workers that gave up root could not read temporary files
        let user = if nix::unistd::geteuid().is_root() { "user root;" } else { "" };
        let config = format!(
            "{user} daemon off; worker_processes auto; pid {own}/pid; error_log {own}/error;
             events {{ worker_connections 1024; }}
             http {{
                 access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000;
                 default_type application/octet-stream; open_file_cache max=10000 inactive=1h; open_file_cache_valid 1h;
                 client_body_temp_path {own}/body; proxy_temp_path {own}/proxy; fastcgi_temp_path {own}/fastcgi;
                 uwsgi_temp_path {own}/uwsgi; scgi_temp_path {own}/scgi;
                 server {{ listen {addr} backlog=511; root {files}; }}
             }}\n"
        );
        let path = root.join("nginx.conf");
        fs::write(&path, config)?;
        let mut command = Command::new(program);
        command.arg("-c").arg(&path).arg("-p").arg(root.join("nginx"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let nginx = Self { child, addr };
        await_listening(addr)?;
        Ok(nginx)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    /// By a signal that takes its workers along.
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
        }
        let _ = self.child.wait();
    }
}

fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let sbin = [PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")];
    std::env::split_paths(&path).chain(sbin).map(|folder| folder.join("nginx")).find(|program| program.is_file())
}

fn installed() -> Option<PathBuf> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let mut command = Command::new("apt-get");
    command.args(["install", "-y", "-qq", "--no-install-recommends", "nginx-light"]);
    // installing it must not start it
    command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().ok().filter(|status| status.success())?;
    found()
}
