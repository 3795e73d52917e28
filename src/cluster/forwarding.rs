//! A port of this machine that leads to a Service, as long as somebody holds it.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use super::ask::Ask;
use super::connect::Cluster;
use super::fault::{Fault, FaultKind};
use crate::object::ObjectId;

/// An open port; it is closed, with everything that goes through it, when this is dropped.
#[derive(Debug)]
pub struct Forwarding {
    /// Where it listens, on the loopback interface alone.
    pub address: SocketAddr,
    accepts: JoinHandle<()>,
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        self.accepts.abort();
    }
}

impl Cluster {
    /// Opens a port on 127.0.0.1 that leads to a ready pod behind a Service's port: the same number as the pod's where it
    /// is free, else any. Each connection finds its pod anew, so that a pod that is replaced meanwhile is no end.
    ///
    /// # Errors
    /// No such Service or port, no pod of it is ready, or no port of this machine can be opened.
    pub async fn listen(&self, namespace: &str, service: &str, port: &str) -> Result<Forwarding, Fault> {
        self.listen_at(namespace, service, port, None).await
    }

    /// As [`Cluster::listen`], at a given port of this machine, where there is one.
    ///
    /// # Errors
    /// As [`Cluster::listen`]; a port that is given and not free.
    pub async fn listen_at(
        &self,
        namespace: &str,
        service: &str,
        port: &str,
        local: Option<u16>,
    ) -> Result<Forwarding, Fault> {
        let to = self.behind_service(namespace, service, port).await?;
        // The first connection of the operator shall not be the one that learns that it is forbidden.
        drop(self.forward(&to).await?);
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, local.unwrap_or(to.port))).await {
            Ok(listener) => Ok(listener),
            Err(error) if local.is_some() => Err(error),
            Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await,
        };
        let asked = self
            .asked(&Ask::get("", "open a port of this machine").at(ObjectId::new("", "Service", namespace, service)));
        let refused = |error: std::io::Error| Fault::without_answer(FaultKind::Unreachable, &asked, error.to_string());
        let listener = listener.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let (cluster, namespace) = (self.clone(), namespace.to_string());
        let (service, port) = (service.to_string(), port.to_string());
        let accepts = tokio::spawn(async move {
            // They end when the set is dropped.
            let mut open = JoinSet::new();
            while let Ok((local, _)) = listener.accept().await {
                while open.try_join_next().is_some() {}
                let (cluster, namespace) = (cluster.clone(), namespace.clone());
                let (service, port) = (service.clone(), port.clone());
                open.spawn(async move {
                    if let Err(fault) = through(&cluster, &namespace, &service, &port, local).await {
                        tracing::debug!(service, fault = fault.message, "a forwarded connection could not be made");
                    }
                });
            }
        });
        Ok(Forwarding { address, accepts })
    }
}

async fn through(
    cluster: &Cluster,
    namespace: &str,
    service: &str,
    port: &str,
    mut local: TcpStream,
) -> Result<(), Fault> {
    let to = cluster.behind_service(namespace, service, port).await?;
    let mut wire = cluster.forward(&to).await?;
    // Either side may end it at any moment.
    let _ended = tokio::io::copy_bidirectional(&mut local, &mut wire).await;
    Ok(())
}
