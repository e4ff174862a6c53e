//! A log of years: how long the questions of the console take when there is much to look through.
//!
//! The nodes' events of one day are taken in by the hub as they always are, and then copied day by day into the past by
//! the database itself: every row of the log and of what was made of it, with its times, numbers and identities moved.
//! The copies' hashes and signatures are none, so nothing is verified here; what is measured is reading.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::UtcTime;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use crate::broker::Mosquitto;
use crate::nodes::{Node, STAFF, WATCHED};
use crate::{Database, Hub};

const DAY_US: i64 = 86_400_000_000;
const DAY_MINUTES: i64 = 1_440;

/// Times that each question is asked.
const ASKED: usize = 40;
/// How long the day may take to come in.
const PATIENCE: Duration = Duration::from_secs(300);

/// Tables that grow with the log. What has one row a gate, camera or node stays as it is.
const GROWING: [&str; 12] = [
    "event",
    "event_key",
    "passage",
    "plate_read",
    "plate_read_gate",
    "plate_read_list",
    "access_decision",
    "vehicle_pass",
    "count_minute",
    "count_hour",
    "count_day",
    "dwell_hour",
];

/// Makes the log and asks.
pub(crate) async fn ask(
    events: u64,
    url: &str,
    superuser: &str,
    broker: &Mosquitto,
    nodes: &mut [Node],
    hub: impl Fn(SocketAddr) -> Result<Hub>,
    key: &str,
) -> Result<()> {
    let listen = SocketAddr::from(([127, 0, 0, 1], TcpListener::bind("127.0.0.1:0")?.local_addr()?.port()));
    let running = hub(listen)?;
    broker.wait_for_subscription()?;
    // As 100 million events a year at 1,000 gates: 274 a day and gate.
    let each = 274;
    let midnight = yesterday()?;
    let told = broker
        .publish_made(nodes, each, |node, number| {
            let at = midnight + i64::try_from(number)? * (DAY_US / i64::try_from(each)?);
            node.happens(UtcTime::from_unix_micros(at)?)
        })
        .await?;
    let mut database = Database::Postgres(PgConnection::connect(url).await?);
    let waits = Instant::now();
    while database.events().await? < told {
        ensure!(waits.elapsed() < PATIENCE, "the first day does not come in");
        // tidy: sleep is the pause between two looks
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(running);
    let days = i64::try_from(events.div_ceil(told))? - 1;
    let began = Instant::now();
    let mut connection = PgConnection::connect(superuser).await?;
    for sql in
        ["set synchronous_commit = off", "set maintenance_work_mem = '1GB'", "set session_replication_role = replica"]
    {
        sqlx::query(sql).execute(&mut connection).await?;
    }
    let rows = copy_days(&mut connection, days).await?;
    sqlx::query("analyze").execute(&mut connection).await?;
    println!(
        "{} events and {rows} rows of {} days, made in {:.0} s",
        told * (days as u64 + 1),
        days + 1,
        began.elapsed().as_secs_f64()
    );

    let running = hub(listen)?;
    wait_until_ready(listen).await?;
    let mut worst = 0.0_f64;
    for path in questions(nodes, days) {
        let mut ms = Vec::with_capacity(ASKED);
        for _ in 0..ASKED {
            let began = Instant::now();
            let answer = get(listen, key, &path)?;
            ms.push(began.elapsed().as_secs_f64() * 1e3);
            ensure!(answer == 200, "{path}: {answer}");
        }
        ms.sort_by(f64::total_cmp);
        let [p50, p95] = [ASKED / 2, ASKED * 95 / 100].map(|place| ms[place]);
        worst = worst.max(p95);
        println!("{p50:>8.1} ms p50 {p95:>8.1} ms p95  {path}");
    }
    drop(running);
    println!("the slowest question: {worst:.0} ms at p95");
    Ok(())
}

/// Copies every growing table's rows `days` times into the past; gives how many there are then.
async fn copy_days(connection: &mut PgConnection, days: i64) -> Result<i64> {
    let (numbers, places): (i64, i64) =
        sqlx::query_as("select max(seq), max(pos) from event").fetch_one(&mut *connection).await?;
    make_months(connection, days).await?;
    // The original becomes the newest, with room below it for the numbers of the days before.
    let up = format!("seq = seq + {}", days * numbers);
    for table in GROWING.iter().filter(|table| !table.starts_with("count_") && !table.starts_with("dwell_")) {
        let pos = if table.starts_with("event") { format!(", pos = pos + {}", days * places) } else { String::new() };
        sqlx::query(AssertSqlSafe(format!("update {table} set {up}{pos}"))).execute(&mut *connection).await?;
    }
    let heads = format!(
        "update chain_head set committed_seq = committed_seq + {0}, highest_seq = highest_seq + {0}",
        days * numbers
    );
    sqlx::query(AssertSqlSafe(heads)).execute(&mut *connection).await?;
    let mut all = 0;
    for table in GROWING {
        let columns = sqlx::query(
            "select column_name::text from information_schema.columns where table_name = $1 and table_schema = 'public' \
             order by ordinal_position",
        )
        .bind(table)
        .fetch_all(&mut *connection)
        .await?;
        let columns: Vec<String> = columns.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let moved: Vec<String> = columns.iter().map(|column| moved(table, column, numbers, places)).collect();
        let sql = format!(
            "insert into {table} ({}) select {} from (select * from {table}) s cross join generate_series(1, {days}) d",
            columns.join(", "),
            moved.join(", ")
        );
        let began = Instant::now();
        let made = sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection).await.with_context(|| table.to_owned())?;
        println!("  {table}: {} rows in {:.0} s", made.rows_affected(), began.elapsed().as_secs_f64());
        all += i64::try_from(made.rows_affected())?;
    }
    Ok(all)
}

/// What a column holds `d` days earlier.
fn moved(table: &str, column: &str, numbers: i64, places: i64) -> String {
    match (table, column) {
        ("event_key", "id") => "md5(s.id::text || d)::uuid".to_owned(),
        ("event_key", "hash" | "prev") => format!("sha256((encode(s.{column}, 'hex') || d)::bytea)"),
        ("event", "hash" | "prev") => format!("encode(sha256((s.{column} || d)::bytea), 'hex')"),
        (_, "id") => "md5(s.id || d)::uuid::text".to_owned(),
        ("plate_read", "decision") | ("access_decision", "plate") => format!("md5(s.{column} || d)::uuid::text"),
        (_, "seq") => format!("s.seq - d * {numbers}"),
        (_, "pos") => format!("s.pos - d * {places}"),
        (_, "at" | "at_from" | "at_to" | "received_at") => format!("s.{column} - d * {DAY_US}"),
        (_, "minute") => format!("s.minute - d * {DAY_MINUTES}"),
        (_, "key") if table == "plate_read" => {
            "overlay(s.key placing lpad((d % 1000)::text, 3, '0') from 4)".to_owned()
        }
        _ => format!("s.{column}"),
    }
}

/// The last midnight but one in Vietnam: the day after it is over.
fn yesterday() -> Result<i64> {
    const AHEAD_US: i64 = 7 * 3_600_000_000;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_micros();
    let local = i64::try_from(now)? + AHEAD_US;
    Ok(local - local.rem_euclid(DAY_US) - DAY_US - AHEAD_US)
}

/// Months of the log for the days before.
async fn make_months(connection: &mut PgConnection, days: i64) -> Result<()> {
    let newest: i64 = sqlx::query_scalar("select max(received_at) from event").fetch_one(&mut *connection).await?;
    let mut month = store_month(newest)?;
    let oldest = newest - (days + 1) * DAY_US;
    loop {
        let (name, from, to) = month;
        // The newest months are there already.
        let sql =
            format!("create table if not exists event_{name} partition of event for values from ({from}) to ({to})");
        match sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection).await {
            Ok(_) => {}
            Err(error) if error.to_string().contains("overlap") => {}
            Err(error) => return Err(error.into()),
        }
        if from <= oldest {
            return Ok(());
        }
        month = store_month(from - 1)?;
    }
}

/// Name, begin and end of the month of a moment in Vietnam.
fn store_month(at_us: i64) -> Result<(String, i64, i64)> {
    let (year, month, _) = UtcTime::from_unix_micros(at_us)?.day_in_vietnam();
    let start = |year: i32, month: u32| -> Result<i64> {
        let text = format!("{year:04}-{month:02}-01T00:00:00+07:00");
        Ok(text.parse::<UtcTime>().map_err(|error| anyhow::anyhow!("{error}"))?.as_unix_micros())
    };
    let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    Ok((format!("large_{year}_{month:02}"), start(year, month)?, start(next.0, next.1)?))
}

/// What pages ask.
fn questions(nodes: &[Node], days: i64) -> Vec<String> {
    let (site, gate) = (nodes[0].site.to_string(), nodes[0].gate.to_string());
    let ago = |days: i64| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let at = i64::try_from(now.as_micros()).unwrap_or(i64::MAX) - days * DAY_US;
        UtcTime::from_unix_micros(at).map(|at| at.to_string()).unwrap_or_default()
    };
    let month = ago(30);
    let deep = yesterday().unwrap_or_default() - days / 2 * DAY_US;
    let deep = format!("before={deep}_00000000-0000-7000-8000-000000000000");
    vec![
        "/api/v1/sites".to_owned(),
        "/api/v1/gates".to_owned(),
        "/api/v1/nodes".to_owned(),
        "/api/v1/alerts".to_owned(),
        "/api/v1/passages?limit=100".to_owned(),
        format!("/api/v1/passages?limit=100&site={site}"),
        format!("/api/v1/passages?limit=100&site={site}&gate={gate}"),
        format!("/api/v1/passages?limit=100&{deep}"),
        format!("/api/v1/passages?limit=100&site={site}&gate={gate}&{deep}"),
        "/api/v1/plates?limit=100".to_owned(),
        format!("/api/v1/plates?limit=100&{deep}"),
        format!("/api/v1/plates?limit=100&gate={gate}"),
        format!("/api/v1/plates?limit=100&from={month}&to={}", ago(29)),
        "/api/v1/plates?limit=100&key=30A12345&purpose=a+measurement".to_owned(),
        "/api/v1/plates?limit=100&key=30A12345&like=true&purpose=a+measurement".to_owned(),
        "/api/v1/plates?limit=100&key=30A1%3F3%3F5&purpose=a+measurement".to_owned(),
        "/api/v1/plates?limit=100&colour=red".to_owned(),
        format!("/api/v1/plates?limit=100&colour=red&{deep}"),
        format!("/api/v1/plates?limit=100&colour=red&site={site}&gate={gate}"),
        format!("/api/v1/plates?limit=100&colour=white&site={site}"),
        format!("/api/v1/plates?limit=100&class=bus&site={site}"),
        format!("/api/v1/plates?limit=100&class=motorbike&gate={gate}"),
        format!("/api/v1/plates?limit=100&class=bus&colour=red&list={STAFF}&purpose=a+measurement"),
        format!("/api/v1/plates?limit=100&list={WATCHED}&purpose=a+measurement"),
        format!("/api/v1/plates?limit=100&list={STAFF}&site={site}&gate={gate}&purpose=a+measurement"),
        "/api/v1/plates?limit=100&verdict=deny".to_owned(),
        format!("/api/v1/plates?limit=100&verdict=refer&site={site}&gate={gate}"),
        format!("/api/v1/plates?limit=100&verdict=permit&{deep}"),
        "/api/v1/decisions?limit=100".to_owned(),
        "/api/v1/incidents?limit=100".to_owned(),
        format!("/api/v1/counts?site={site}&bucket=day&from={}&to={}", ago(365.min(days)), ago(0)),
        format!("/api/v1/counts?bucket=day&from={}&to={}", ago(365.min(days)), ago(0)),
        format!("/api/v1/counts?bucket=hour&from={month}&to={}", ago(0)),
        format!("/api/v1/counts?site={site}&gate={gate}&bucket=hour&from={month}&to={}", ago(0)),
        format!("/api/v1/counts?site={site}&gate={gate}&bucket=minute&from={}&to={}", ago(1), ago(0)),
        format!("/api/v1/visits?site={site}&from={}&to={}", ago(7), ago(6)),
        "/api/v1/occupancy".to_owned(),
        format!("/api/v1/stays?site={site}"),
        format!("/api/v1/accuracy?from={month}"),
        "/api/v1/lanes".to_owned(),
        "/api/v1/retention".to_owned(),
    ]
}

fn get(hub: SocketAddr, key: &str, path: &str) -> Result<u16> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let asked = agent.get(format!("http://{hub}{path}")).header("authorization", format!("Bearer {key}"));
    let mut answer = asked.call()?;
    let body = answer.body_mut().with_config().limit(64 * 1024 * 1024).read_to_string()?;
    if answer.status() != 200 {
        eprintln!("{path}: {body}");
    }
    Ok(answer.status().as_u16())
}

async fn wait_until_ready(hub: SocketAddr) -> Result<()> {
    let began = Instant::now();
    while !get(hub, "", "/readyz").is_ok_and(|status| status == 200) {
        ensure!(began.elapsed() < PATIENCE, "the hub does not get ready");
        // tidy: sleep is the pause between two tries
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
