//! A temporary cluster starts, serves, and is removed completely.

use std::process::Command;

use testkit::cluster::Cluster;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_serves_and_is_removed_completely() {
    let cluster = Cluster::start().unwrap();
    let folder = cluster.socket_folder().to_owned();

    let database = testkit::postgres_database(&cluster.url()).await.unwrap();
    let by_tcp: tokio_postgres::Config = cluster.url().parse().unwrap();
    let port = by_tcp.get_ports()[0];
    let by_socket = format!("host={} port={port} user=postgres", folder.display());
    let (_client, connection) =
        tokio_postgres::connect(&by_socket, tokio_postgres::NoTls).await.unwrap();
    assert!(database.url.expose().contains("/cardroom_test_"));

    drop((database, connection, cluster));
    assert!(!folder.exists());
    let listing = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let processes = String::from_utf8_lossy(&listing.stdout).into_owned();
    assert!(!processes.contains(folder.to_str().unwrap()), "{processes}");
}
