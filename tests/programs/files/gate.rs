//! A gate on the way of files: lets so many bytes of a connection through, then holds the rest. So
//! what is cut off is cut in its midst, however fast the machine is.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// It ends with the process of the tests.
pub(super) struct Gate {
    pub(super) at: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// What goes for the connections since it was last told how much to let through.
#[derive(Default)]
struct State {
    /// How often it was told.
    told: u64,
    /// Bytes of each direction of a connection.
    most: u64,
    /// One of them waits before the gate, or is over.
    is_shut: bool,
}

impl Gate {
    /// Before that address; closed until it is told how much to let through.
    pub(super) fn new(before: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let gate = Self { at, shared: Arc::clone(&shared) };
        thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                // Who is not there has been killed: the caller finds it gone.
                let Ok(to) = TcpStream::connect(before) else { continue };
                let told = shared.lock().told;
                for [from, to] in [[&from, &to], [&to, &from]] {
                    let [from, to] = [from, to].map(|stream| stream.try_clone().unwrap());
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || shared.pass(told, from, to));
                }
            }
        });
        gate
    }

    /// Lets so many bytes of each connection through from now on, and ends those before.
    pub(super) fn lets(&self, most: u64) {
        let mut state = self.shared.lock();
        *state = State { told: state.told + 1, most, is_shut: false };
        self.shared.changed.notify_all();
    }

    /// Waits until so much has gone through, or the connection is over.
    pub(super) fn waits(&self) {
        let state = self.shared.lock();
        drop(self.shared.changed.wait_while(state, |state| !state.is_shut).unwrap());
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Carries one direction of a connection, to its end or to that of its time.
    fn pass(&self, told: u64, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = [0; 16 << 10];
        let mut passed = 0;
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            passed += read as u64;
            if self.is_over(told, passed) || to.write_all(&buffer[..read]).is_err() {
                let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
        self.shut(&mut self.lock(), told);
    }

    /// Whether the time of a connection is over, in which so much has come in one direction; who
    /// is stopped waits for that.
    fn is_over(&self, told: u64, passed: u64) -> bool {
        let mut state = self.lock();
        if state.told == told && passed > state.most {
            self.shut(&mut state, told);
            state = self.changed.wait_while(state, |state| state.told == told).unwrap();
        }
        state.told != told
    }

    fn shut(&self, state: &mut State, told: u64) {
        state.is_shut |= state.told == told;
        self.changed.notify_all();
    }
}
