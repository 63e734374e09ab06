#![allow(clippy::print_stdout)]
use argtop::{Database, Options, Value};
use std::time::Instant;
fn main() {
    let path = std::env::args().nth(1).unwrap();
    let count: i64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let database = Database::open(&path, Options { sync: false, ..Options::default() }).unwrap();
    database.execute("SET auto_pack = false").unwrap();
    let statement = database.prepare("INSERT INTO labels (id, title, z) VALUES ($1, $2, $3)").unwrap();
    let mut random = fastrand::Rng::new();
    let mut seconds = 0.0;
    for number in 0..count {
        let vector: Vec<f32> = (0..384).map(|_| random.f32() - 0.5).collect();
        let values = vec![
            Value::BigInt(1_000_000_000 + random.i64(0..1 << 40)),
            Value::Text(format!("a title {number}")),
            Value::Vector(vector),
        ];
        let started = Instant::now();
        statement.clone().bind(values).unwrap().execute().unwrap();
        seconds += started.elapsed().as_secs_f64();
    }
    println!("{:.1} us", seconds / count as f64 * 1e6);
}
