//! Tests of a connection against listeners that behave in some one way.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::peer::metadata::{Wanted, ask};

fn options() -> ConnectionOptions {
    ConnectionOptions {
        connect_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_millis(300),
        ..ConnectionOptions::default()
    }
}

/// A listener whose every connection goes to `serve`.
async fn listen<F: Future<Output = ()> + Send>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            serve(socket).await;
        }
    });
    Address { host: "127.0.0.1".to_string(), port }
}

/// The next request: key, version, correlation id.
async fn request(socket: &mut TcpStream) -> Option<(i16, i16, i32)> {
    let size = socket.read_i32().await.ok()?;
    let mut body = vec![0; size as usize];
    socket.read_exact(&mut body).await.ok()?;
    let at = |from: usize, to: usize| body[from..to].iter().fold(0i64, |n, byte| n << 8 | i64::from(*byte));
    Some((at(0, 2) as i16, at(2, 4) as i16, at(4, 8) as i32))
}

async fn respond(socket: &mut TcpStream, correlation_id: i32, body: &[u8]) {
    let mut frame = (body.len() as i32 + 4).to_be_bytes().to_vec();
    frame.extend(correlation_id.to_be_bytes());
    frame.extend(body);
    socket.write_all(&frame).await.unwrap();
}

/// ApiVersions version 0: an error, and Metadata 1 to 1 and ApiVersions 0 to 0 as all there is.
fn old_versions(error: i16) -> Vec<u8> {
    let mut body = error.to_be_bytes().to_vec();
    body.extend(2i32.to_be_bytes());
    for (key, min, max) in [(3i16, 1i16, 1i16), (18, 0, 0)] {
        for number in [key, min, max] {
            body.extend(number.to_be_bytes());
        }
    }
    body
}

async fn fails(address: &Address) -> String {
    match Connection::open(address, &options()).await {
        Ok(_) => panic!("it connects"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn an_old_broker_is_asked_again_in_its_own_version() {
    let address = listen(|mut socket| async move {
        while let Some((key, version, id)) = request(&mut socket).await {
            match (key, version) {
                (18, 0) => respond(&mut socket, id, &old_versions(0)).await,
                (18, _) => respond(&mut socket, id, &old_versions(35)).await,
                // Metadata version 1: no brokers, no controller, no topics.
                (3, 1) => respond(&mut socket, id, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]).await,
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
    let connection = Connection::open(&address, &options()).await.unwrap();
    assert!(ask(&connection, Wanted::These(&[]), true).await.unwrap().brokers.is_empty());
    let unsupported = connection.version::<kafka_protocol::messages::FetchRequest>(i16::MAX).unwrap_err().to_string();
    assert!(unsupported.contains("does not serve Fetch") && unsupported.contains("none"), "{unsupported}");
}

#[tokio::test]
async fn what_is_no_kafka_broker_is_told_for_what_it_is() {
    let http = listen(|mut socket| async move {
        request(&mut socket).await;
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    })
    .await;
    assert!(fails(&http).await.contains("HTTP server"));
    let tls = listen(|mut socket| async move {
        request(&mut socket).await;
        socket.write_all(&[0x15, 3, 3, 0, 2, 2, 10]).await.unwrap();
    })
    .await;
    assert!(fails(&tls).await.contains("TLS"));
    let closing = listen(|mut socket| async move {
        request(&mut socket).await;
    })
    .await;
    assert!(fails(&closing).await.contains("closed the connection at the first request"));
    let silent = listen(|mut socket| async move {
        request(&mut socket).await;
        std::future::pending::<()>().await;
    })
    .await;
    let told = fails(&silent).await;
    assert!(told.contains("did not answer ApiVersions within 300ms") && told.contains(&silent.to_string()), "{told}");
    let huge = listen(|mut socket| async move {
        request(&mut socket).await;
        socket.write_all(&i32::MAX.to_be_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    })
    .await;
    assert!(fails(&huge).await.contains("a frame of 2147483647 bytes"));
    let confused = listen(|mut socket| async move {
        let (_, _, id) = request(&mut socket).await.unwrap();
        respond(&mut socket, id + 1, &old_versions(0)).await;
        std::future::pending::<()>().await;
    })
    .await;
    assert!(fails(&confused).await.contains("correlation id 1 instead of 0"));
    let nobody = Address { host: "127.0.0.1".to_string(), port: 1 };
    assert!(fails(&nobody).await.contains("127.0.0.1:1"));
}

#[tokio::test]
async fn all_who_wait_learn_that_the_connection_is_gone() {
    let address = listen(|mut socket| async move {
        let (_, _, id) = request(&mut socket).await.unwrap();
        respond(&mut socket, id, &old_versions(35)).await;
        let (_, _, id) = request(&mut socket).await.unwrap();
        respond(&mut socket, id, &old_versions(0)).await;
        // Two requests are taken, none is answered.
        request(&mut socket).await;
        request(&mut socket).await;
    })
    .await;
    let connection = Connection::open(&address, &options()).await.unwrap();
    let (one, two) =
        tokio::join!(ask(&connection, Wanted::These(&[]), true), ask(&connection, Wanted::These(&[]), true));
    for result in [one, two] {
        assert!(matches!(result, Err(PeerError::Lost { reason: LostError::Closed, .. })), "{result:?}");
    }
    assert!(connection.is_lost());
}
