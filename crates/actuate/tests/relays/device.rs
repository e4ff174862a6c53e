//! A Modbus TCP device: the library's server over a bank of coils and registers that remembers what was written.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_modbus::server::Service;
use tokio_modbus::server::tcp::{Server, accept_tcp_connection};
use tokio_modbus::{ExceptionCode, Request, Response};

/// One write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// A coil.
    Coil(u16, bool),
    /// A holding register.
    Register(u16, u16),
}

/// What the device holds and how it misbehaves.
#[derive(Debug, Default)]
pub(crate) struct Bank {
    pub(crate) coils: [bool; 16],
    pub(crate) discrete: [bool; 16],
    pub(crate) holding: [u16; 16],
    pub(crate) input: [u16; 16],
    pub(crate) writes: Vec<Write>,
    pub(crate) connections: usize,
    /// Answers every request so.
    pub(crate) exception: Option<ExceptionCode>,
    /// So many writes are done and not answered.
    pub(crate) swallow_answers: u32,
    /// So many tries to switch a coil off are refused.
    pub(crate) refuse_off: u32,
}

#[derive(Default)]
struct Shared {
    bank: Mutex<Bank>,
    changed: Condvar,
}

/// The device; dropping it closes every connection.
pub(crate) struct Device {
    shared: Arc<Shared>,
    address: SocketAddr,
    runtime: Option<Runtime>,
}

#[derive(Clone)]
struct Answering(Arc<Shared>);

impl Service for Answering {
    type Request = Request<'static>;
    type Response = Option<Response>;
    type Exception = ExceptionCode;
    type Future = Pin<Box<dyn Future<Output = Result<Option<Response>, ExceptionCode>> + Send>>;

    fn call(&self, request: Request<'static>) -> Self::Future {
        let answer = self.answer(request);
        Box::pin(async move { answer })
    }
}

impl Answering {
    fn answer(&self, request: Request<'static>) -> Result<Option<Response>, ExceptionCode> {
        let mut bank = self.0.bank.lock().expect("no test panics with it");
        if let Some(exception) = bank.exception {
            return Err(exception);
        }
        let at = |address: u16| usize::from(address);
        let (response, write) = match request {
            Request::ReadCoils(address, 1) => (Response::ReadCoils(vec![bank.coils[at(address)]]), None),
            Request::ReadDiscreteInputs(address, 1) => {
                (Response::ReadDiscreteInputs(vec![bank.discrete[at(address)]]), None)
            }
            Request::ReadHoldingRegisters(address, 1) => {
                (Response::ReadHoldingRegisters(vec![bank.holding[at(address)]]), None)
            }
            Request::ReadInputRegisters(address, 1) => {
                (Response::ReadInputRegisters(vec![bank.input[at(address)]]), None)
            }
            Request::WriteSingleCoil(address, on) => {
                (Response::WriteSingleCoil(address, on), Some(Write::Coil(address, on)))
            }
            Request::WriteSingleRegister(address, word) => {
                (Response::WriteSingleRegister(address, word), Some(Write::Register(address, word)))
            }
            _ => return Err(ExceptionCode::IllegalFunction),
        };
        let Some(write) = write else { return Ok(Some(response)) };
        bank.writes.push(write);
        self.0.changed.notify_all();
        match write {
            Write::Coil(_, false) if bank.refuse_off > 0 => {
                bank.refuse_off -= 1;
                return Err(ExceptionCode::ServerDeviceBusy);
            }
            Write::Coil(address, on) => bank.coils[at(address)] = on,
            Write::Register(address, word) => bank.holding[at(address)] = word,
        }
        if bank.swallow_answers > 0 {
            bank.swallow_answers -= 1;
            return Ok(None);
        }
        Ok(Some(response))
    }
}

impl Device {
    /// At a free port.
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"))
    }

    /// At `address`, as after a restart.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        let shared = Arc::new(Shared::default());
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind(address)).expect("the port is free");
        let address = listener.local_addr().expect("it is bound");
        let served = Arc::clone(&shared);
        runtime.spawn(async move {
            let on_connected = |stream, peer| {
                let served = Arc::clone(&served);
                async move {
                    accept_tcp_connection(stream, peer, |_| {
                        served.bank.lock().expect("no test panics with it").connections += 1;
                        Ok(Some(Answering(Arc::clone(&served))))
                    })
                }
            };
            let _ = Server::new(listener).serve(&on_connected, |_| {}).await;
        });
        Self { shared, address, runtime: Some(runtime) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut Bank)) {
        change(&mut self.shared.bank.lock().expect("no test panics with it"));
    }

    pub(crate) fn writes(&self) -> Vec<Write> {
        self.shared.bank.lock().expect("no test panics with it").writes.clone()
    }

    pub(crate) fn coil(&self, address: usize) -> bool {
        self.shared.bank.lock().expect("no test panics with it").coils[address]
    }

    pub(crate) fn connections(&self) -> usize {
        self.shared.bank.lock().expect("no test panics with it").connections
    }

    /// Waits until what was written fulfils `condition`.
    pub(crate) fn wait_until(&self, condition: impl Fn(&Bank) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut bank = self.shared.bank.lock().expect("no test panics with it");
        while !condition(&bank) {
            let left = deadline.checked_duration_since(Instant::now());
            let left = left.unwrap_or_else(|| panic!("it never came, only {:?}", bank.writes));
            bank = self.shared.changed.wait_timeout(bank, left).expect("no test panics with it").0;
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}
