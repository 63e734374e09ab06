//! The open database: storage, models, caches, threads, and sessions over them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};

use argtop_query::Value;
use argtop_storage::{ObjectId, OpenOptions, Snapshot, Store};

use crate::build::Maintenance;
use crate::context::{Context, InterruptHandle, ProgressFn};
use crate::error::Error;
use crate::import::{Access, ImportLimits};
use crate::jobs::Jobs;
use crate::limits::Limits;
use crate::model::{Encoder, Runtime};
use crate::search::SearchBuilder;
use crate::settings::Settings;
use crate::statement::{Rows, Statement};
use crate::turns::Turns;
use crate::view::{Caches, View};

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Make the database if the directory is missing or empty.
    pub create: bool,
    /// Open without the right to write; several processes may do so at once.
    pub read_only: bool,
    /// Sync every commit to the disk. Without it a commit survives a crash of the process, but not a power
    /// cut.
    pub sync: bool,
    /// Read packed rows and indexes into memory at opening and compare all their checksums, so that the first
    /// query waits for nothing. Otherwise they are read as queries need them, and files that were compared
    /// before are not compared again.
    pub warm: bool,
    /// The ONNX Runtime shared library; needed for models only.
    pub onnxruntime: Option<PathBuf>,
    /// Threads for everything the engine does; None for one a core.
    pub threads: Option<usize>,
    /// Directories that statements may read from and write to; None for any.
    pub allowed_directories: Option<Vec<PathBuf>>,
    /// Bounds on what a statement may ask.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            create: true,
            read_only: false,
            sync: true,
            warm: false,
            onnxruntime: None,
            threads: None,
            allowed_directories: None,
            limits: Limits::default(),
        }
    }
}

/// An open database and one session on it.
///
/// A clone shares database and session; [`Database::session`] gives a new session, with settings and an
/// interrupt handle of its own, on the same database. All of them may be used from any thread.
#[derive(Clone)]
pub struct Database {
    pub(crate) inner: Arc<Inner>,
    pub(crate) session: Arc<Session>,
    owner: Arc<Owner>,
}

/// Shared by all sessions: when the last of them goes, background work is ended and waited for, so that the
/// database can be opened again at once.
struct Owner(Arc<Inner>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.jobs.stop();
        self.0.maintenance.stop();
    }
}

/// The parts that all sessions share.
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) limits: Limits,
    pub(crate) query_limits: argtop_query::Limits,
    pub(crate) access: Access,
    pub(crate) import_limits: ImportLimits,
    pub(crate) caches: Caches,
    pub(crate) maintenance: Maintenance,
    pub(crate) jobs: Jobs,
    pub(crate) turns: Turns,
    pub(crate) threads: usize,
    onnxruntime: Option<PathBuf>,
    encoders: Mutex<HashMap<ObjectId, Arc<Encoder>>>,
    pool: rayon::ThreadPool,
}

/// What belongs to one session.
pub(crate) struct Session {
    pub(crate) settings: RwLock<Arc<Settings>>,
    pub(crate) epoch: Arc<AtomicU64>,
    pub(crate) progress: RwLock<Option<ProgressFn>>,
}

impl Database {
    /// Opens the database in a directory.
    ///
    /// # Errors
    /// [`Error::Open`] where the directory is missing (without [`Options::create`]), belongs to something
    /// else, is locked by another process, is of a newer format or damaged.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Database, Error> {
        let open = OpenOptions {
            create: options.create,
            read_only: options.read_only,
            sync: options.sync,
            warm: options.warm,
            limits: argtop_storage::Limits::default(),
        };
        let store = Store::open(path.as_ref(), &open)?;
        if !store.is_read_only() {
            crate::teach::sweep(&store)?;
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = options.threads.unwrap_or(cores).clamp(1, 1_024);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("argtop-{number}"))
            .build()
            .map_err(|error| Error::Internal(format!("no thread pool: {error}")))?;
        let inner = Arc::new(Inner {
            store,
            limits: options.limits,
            query_limits: argtop_query::Limits::default(),
            access: Access { roots: options.allowed_directories },
            import_limits: ImportLimits::default(),
            caches: Caches::default(),
            maintenance: Maintenance::default(),
            jobs: Jobs::default(),
            turns: Turns::default(),
            threads,
            onnxruntime: options.onnxruntime,
            encoders: Mutex::new(HashMap::new()),
            pool,
        });
        if !inner.store.is_read_only() {
            Maintenance::start(&inner);
        }
        let owner = Arc::new(Owner(inner.clone()));
        Ok(Database { inner, session: Arc::new(Session::new()), owner })
    }

    /// A new session on the same database.
    #[must_use]
    pub fn session(&self) -> Database {
        Database { inner: self.inner.clone(), session: Arc::new(Session::new()), owner: self.owner.clone() }
    }

    /// Parses and checks one statement.
    ///
    /// # Errors
    /// [`Error::Query`] with the place and the fix.
    pub fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        Statement::prepare(self, sql)
    }

    /// Runs one statement without parameters and gives its rows.
    ///
    /// # Errors
    /// Whatever is wrong with the statement; see [`Error`].
    pub fn query(&self, sql: &str) -> Result<Rows, Error> {
        self.prepare(sql)?.query()
    }

    /// Runs one statement without parameters to its end and gives the number of rows that it changed, or else
    /// returned.
    ///
    /// # Errors
    /// As [`Database::query`].
    pub fn execute(&self, sql: &str) -> Result<u64, Error> {
        self.prepare(sql)?.execute()
    }

    /// A search on a table, written in Rust instead of SQL.
    pub fn search(&self, table: &str) -> SearchBuilder {
        SearchBuilder::new(self.clone(), table)
    }

    /// Interrupts the running statements of this session.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        InterruptHandle { epoch: self.session.epoch.clone() }
    }

    /// Sets who is told how far a long statement of this session has come.
    pub fn set_progress(&self, report: Option<ProgressFn>) {
        if let Ok(mut progress) = self.session.progress.write() {
            *progress = report;
        }
    }

    /// What the database noticed since it was opened and could mend or work round: damaged generations, for
    /// one.
    pub fn warnings(&self) -> Vec<String> {
        self.inner.store.warnings()
    }

    /// True where the database was opened for reading, or must not be written because it lost writes.
    pub fn is_read_only(&self) -> bool {
        self.inner.store.is_read_only()
    }

    /// Value of a setting of this session.
    pub fn setting(&self, name: &str) -> Option<Value> {
        self.settings().show(name)
    }

    /// Waits until background maintenance has nothing to do.
    ///
    /// # Errors
    /// The error of the last maintenance step that failed.
    pub fn wait_for_maintenance(&self) -> Result<(), Error> {
        self.inner.maintenance.wait()
    }

    /// Ends background work and closes the store; errors that a drop would swallow are returned.
    /// Other sessions and rows on the same database keep it open until they are dropped.
    ///
    /// # Errors
    /// [`Error::Commit`] where what is in memory cannot be written.
    pub fn close(self) -> Result<(), Error> {
        self.inner.jobs.stop();
        self.inner.maintenance.stop();
        self.inner.store.clone().close()?;
        Ok(())
    }

    /// The session's settings as of now.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.session
            .settings
            .read()
            .map_or_else(|poisoned| poisoned.into_inner().clone(), |held| held.clone())
    }

    /// Changes the session's settings.
    pub(crate) fn change_settings(
        &self,
        change: impl FnOnce(&mut Settings) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut held = self.session.settings.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut settings = Settings::clone(&held);
        change(&mut settings)?;
        *held = Arc::new(settings);
        Ok(())
    }

    /// The database at this moment.
    pub(crate) fn view(&self) -> View {
        View::new(self.inner.clone(), self.settings().is_on("search.use_generations"))
    }

    /// The database at the moment that a writer starts from.
    pub(crate) fn view_at(&self, snapshot: Snapshot) -> View {
        View::at(self.inner.clone(), snapshot, self.settings().is_on("search.use_generations"))
    }

    /// A context for a statement that starts now.
    pub(crate) fn context(&self) -> Context {
        let timeout_ms = self.settings().get("statement_timeout_ms").unsigned_abs();
        let progress = self.session.progress.read().ok().and_then(|progress| progress.clone());
        Context::new(self.session.epoch.clone(), timeout_ms, progress)
    }
}

impl Session {
    fn new() -> Session {
        Session {
            settings: RwLock::new(Arc::new(Settings::default())),
            epoch: Arc::new(AtomicU64::new(0)),
            progress: RwLock::new(None),
        }
    }
}

impl Inner {
    /// Runs work on the engine's threads.
    pub(crate) fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }

    /// ONNX Runtime, loaded at the first use of a model.
    pub(crate) fn runtime(&self) -> Result<Runtime, Error> {
        Ok(Runtime::load(self.onnxruntime.as_deref())?)
    }

    /// The loaded encoder of a model; `load` makes it the first time.
    pub(crate) fn encoder(
        &self,
        model: ObjectId,
        load: impl FnOnce() -> Result<Encoder, Error>,
    ) -> Result<Arc<Encoder>, Error> {
        let mut encoders = self.encoders.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(encoder) = encoders.get(&model) {
            return Ok(encoder.clone());
        }
        let encoder = Arc::new(load()?);
        encoders.insert(model, encoder.clone());
        Ok(encoder)
    }

    /// Forgets the encoder of a dropped model.
    pub(crate) fn forget_encoder(&self, model: ObjectId) {
        let mut encoders = self.encoders.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        encoders.remove(&model);
    }
}
