//! nginx, as people set it up in front of a service.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use handstamp_bench::{Outcome, failed};
use tempfile::TempDir;

/// A running nginx. It ends when this is dropped.
pub(crate) struct Nginx {
    pub(crate) address: SocketAddr,
    process: Child,
    _folder: TempDir,
}

impl Nginx {
    /// Starts it in front of a service; `None` where it is not installed.
    pub(crate) fn start(service: SocketAddr) -> Outcome<Option<Self>> {
        let folder = TempDir::new().map_err(failed("making a folder"))?;
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let address = free.map_err(failed("finding a port"))?;
        let root = folder.path().display();
        let config = format!(
            "worker_processes 2;\ndaemon off;\npid {root}/pid;\nerror_log {root}/error.log crit;\nworker_rlimit_nofile 20000;\n\
             events {{ worker_connections 16000; }}\n\
             http {{\n  access_log off;\n  keepalive_timeout 600s;\n  keepalive_requests 100000000;\n\
             client_body_temp_path {root}/b;\n  proxy_temp_path {root}/p;\n  fastcgi_temp_path {root}/f;\n  uwsgi_temp_path {root}/u;\n  scgi_temp_path {root}/s;\n\
             upstream service {{ server {service}; keepalive 128; keepalive_requests 100000000; }}\n\
             server {{ listen {address};\n    location / {{\n      proxy_pass http://service;\n      proxy_http_version 1.1;\n      proxy_set_header Connection \"\";\n\
             proxy_set_header X-Forwarded-For $remote_addr;\n      proxy_set_header X-Forwarded-Host $host;\n      proxy_set_header X-Forwarded-Proto $scheme;\n    }}\n  }}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config).map_err(failed("writing nginx's configuration"))?;
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let process = match command.spawn() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            spawned => spawned.map_err(failed("starting nginx"))?,
        };
        let nginx = Self { address, process, _folder: folder };
        nginx.wait()?;
        Ok(Some(nginx))
    }

    /// The processes that hold connections.
    pub(crate) fn workers(&self) -> Outcome<Vec<u32>> {
        let master = self.process.id();
        let children = std::fs::read_to_string(format!("/proc/{master}/task/{master}/children"));
        let children = children.map_err(failed("looking for nginx's workers"))?;
        Ok(children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
    }

    fn wait(&self) -> Outcome {
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(self.address).is_err() {
            if Instant::now() > deadline {
                return Err("nginx does not start".to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master takes its workers along when it is asked to stop, and not when it is killed.
        let asked = Command::new("kill").arg("-TERM").arg(self.process.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}
