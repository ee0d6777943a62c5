//! What connections cost that ask for nothing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use handstamp_bench::report::{Cell, Table};
use handstamp_bench::{Outcome, failed, machine};

use crate::front::Front;
use crate::nginx::Nginx;

/// Opens so many connections to each, asks once on every one, and looks at the memory before and after.
pub(crate) fn table(count: usize, nginx: &Nginx, front: &Front) -> Outcome<Table> {
    let columns = ["", "kB before", "kB after", "bytes each"];
    let mut table = Table::new(format!("memory of {count} kept connections that ask for nothing"), columns);
    for (name, address, pids) in
        [("nginx", nginx.address, nginx.workers()?), ("the gateway", front.address, vec![front.pid()])]
    {
        let before = resident(&pids)?;
        let connections = open(count, address)?;
        std::thread::sleep(Duration::from_secs(1));
        let after = resident(&pids)?;
        drop(connections);
        #[expect(clippy::cast_precision_loss, reason = "a count of connections")]
        let each = (after - before).max(0.0) * 1024.0 / count as f64;
        table.row(name, [before, after, each].map(Cell::Count));
    }
    Ok(table)
}

fn open(count: usize, address: SocketAddr) -> Outcome<Vec<TcpStream>> {
    let request = format!("GET /open/orders HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let mut connections = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = TcpStream::connect(address).map_err(failed("opening many connections"))?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).map_err(failed("a connection"))?;
        stream.write_all(request.as_bytes()).map_err(failed("a connection"))?;
        let mut reply = [0; 2048];
        let read = stream.read(&mut reply).map_err(failed("a connection"))?;
        if !reply[..read].starts_with(b"HTTP/1.1 200") {
            return Err(format!("refused: {}", String::from_utf8_lossy(&reply[..read])));
        }
        connections.push(stream);
    }
    Ok(connections)
}

/// Returns the memory of some processes, in kB.
fn resident(pids: &[u32]) -> Outcome<f64> {
    pids.iter().map(|pid| machine::memory_of(*pid)).sum()
}
