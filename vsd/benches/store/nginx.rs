//! nginx as a peer: installed where that is allowed, with a configuration and a port of its own.

use std::{fs, path::Path, process::Command};

use crate::common::{
    Outcome, package,
    server::{Server, free_addr},
};

/// Serves `files` by sendfile, with as many workers as there are cores.
pub(crate) fn start(root: &Path, files: &Path) -> Outcome<Server> {
    let program = package::program("nginx", "nginx-light")?;
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
    let mut nginx = Server::new(addr, command, &root.join("nginx.log"))?;
    nginx.start()?;
    nginx.await_listening()?;
    Ok(nginx)
}
