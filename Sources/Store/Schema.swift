import Decisions
import Domain
import GRDB

/// The tables, and how an older database becomes one of this version. A migration that was ever on the main line is never
/// changed; what is new is a new migration.
///
/// | table | one row for | grows with |
/// |---|---|---|
/// | `head` | the database: the last numbers given, the journal's mark, the head of the log's chain | nothing |
/// | `input` | each stimulus that changed something: the log from which every decision can be derived again, chained (LogChain.swift) | history |
/// | `personal` | the personal part of an input with its salt, apart from the log so that it can be forgotten | history |
/// | `context` | each rule set and version of the program that inputs were decided with | reloads |
/// | `task` | each task, open and finished | history |
/// | `history` | each line of a task's life, with the reasons of a dispatch | history |
/// | `notice` | each notice with a channel, waiting or done | history |
/// | `crew` | what is known of a crew beyond the roster | crews |
/// | `contractor` | what is known of a contractor or supplier beyond the roster | contractors |
/// | `customer` | what is known and counted of a customer, sealed | customers |
/// | `secret` | the key of each customer, those who were forgotten as well | customers |
/// | `manager` | how many customers an account manager has | account managers |
/// | `cases` | each case, open and finished | history |
/// | `shared` | each department that a task of another's concerns | history |
/// | `caller` | each call that joined an incident, was taken out of one, or was told of an outage | history |
/// | `outage` | each known interruption of supply | history |
/// | `device` | what a device has shown last, and where the rules that watch it stand | devices |
/// | `district` | each district in need of crews, and since when | districts |
/// | `plan` | each wording of a process that a case went by | edits of processes |
enum Schema {
    /// "PAID": marks the file as ours.
    static let applicationID: Int32 = 0x5041_4944

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 the house") { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: houseTables)
        }
        migrator.registerMigration("2 cases") { db in
            try db.execute(sql: caseTables)
        }
        migrator.registerMigration("3 figures") { db in
            try db.execute(sql: figureColumns)
        }
        migrator.registerMigration("4 subjects") { db in
            try db.execute(sql: subjectColumn)
        }
        migrator.registerMigration("5 incidents") { db in
            try db.execute(sql: incidentTables)
        }
        migrator.registerMigration("6 contractors") { db in
            try db.execute(sql: "CREATE TABLE contractor (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;")
        }
        migrator.registerMigration("7 telemetry") { db in
            try db.execute(sql: "CREATE TABLE device (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID")
        }
        migrator.registerMigration("8 customers") { db in
            try db.execute(sql: customerColumns)
        }
        migrator.registerMigration("9 chain") { db in
            try ChainMigration.run(db)
        }
        migrator.registerMigration("10 planned") { db in
            try db.execute(sql: servedColumn)
            guard let connection = db.sqliteConnection else { return }
            try fillServed(connection)
        }
        migrator.registerMigration("11 districts") { db in
            try db.execute(sql: "CREATE TABLE district (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID")
        }
        migrator.registerMigration("12 calls that moved") { db in
            // Of a caller who was taken out of an incident: the task that began with that report. Its `task` is 0 then.
            try db.execute(sql: "ALTER TABLE caller ADD COLUMN founded INTEGER")
        }
        migrator.registerMigration("13 secrets") { db in
            try db.execute(sql: secretTable)
        }
        return migrator
    }

    /// Once over the customers that there are: those whom somebody looks after get their area.
    private static func fillServed(_ db: OpaquePointer) throws {
        let look = try Statement(db, "SELECT account, body FROM customer")
        let fill = try Statement(db, "UPDATE customer SET area = ?2 WHERE account = ?1")
        var found: [(account: String, area: String)] = []
        while try look.step() {
            let account = look.text(0)
            let record = try look.blob(1) { bytes throws(RowFault) in try RowCodec.customer(CustomerID(account), bytes) }
            if let area = record.servedArea { found.append((account, area.rawValue)) }
        }
        for (account, area) in found {
            fill.bind(1, account)
            fill.bind(2, area)
            try fill.run()
        }
    }

    /// When tasks and cases ended, so that the figures of a period read its rows and no others. Of tasks from before, the history tells.
    private static let figureColumns = """
        ALTER TABLE task ADD COLUMN ended INTEGER;   -- when the work was done, or it was cancelled; ms since 1970
        ALTER TABLE cases ADD COLUMN ended INTEGER;
        UPDATE task SET ended = (
          SELECT max(at) FROM history WHERE history.task = task.id AND event IN (\(HistoryEvent.ending.map { String($0.code) }.joined(separator: ", ")))
        ) WHERE state IN (\(TaskState.ending.map { String($0.code) }.joined(separator: ", ")));
        UPDATE cases SET ended = (SELECT max(at) FROM history WHERE history.kase = cases.id) WHERE open = 0;
        CREATE INDEX task_ended ON task (ended) WHERE ended IS NOT NULL;
        CREATE INDEX case_ended ON cases (ended) WHERE ended IS NOT NULL;
        """

    private static let secretTable = """
        -- The key that a customer's body is sealed with; 32 zero bytes once they are forgotten. Rows are added at the end and overwritten in place,
        -- and never removed: so no page of it is ever rebuilt, and no copy of a key is left in one.
        CREATE TABLE secret (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        ALTER TABLE customer ADD COLUMN key INTEGER;  -- its row in `secret`; NULL: the body is as version 12 wrote it, until it changes
        """

    private static let servedColumn = """
        -- The transformer area of a customer who has an account manager, or is of a critical class; NULL for all others.
        ALTER TABLE customer ADD COLUMN area TEXT;
        CREATE INDEX customer_area ON customer (area) WHERE area IS NOT NULL;
        """

    private static let customerColumns = """
        ALTER TABLE customer ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE manager (id TEXT PRIMARY KEY, customers INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        -- Whose the personal part is, so that it can be forgotten.
        ALTER TABLE personal ADD COLUMN customer TEXT;
        UPDATE personal SET customer = (SELECT json_extract(CAST(input.body AS TEXT), '$.customer') FROM input WHERE input.seq = personal.seq);
        CREATE INDEX personal_customer ON personal (customer) WHERE customer IS NOT NULL;
        """

    private static let incidentTables = """
        CREATE TABLE caller (
          row INTEGER PRIMARY KEY,
          task INTEGER NOT NULL,       -- the incident's; 0: they were told of an outage
          outage TEXT,
          report TEXT NOT NULL,
          source TEXT NOT NULL,
          customer TEXT,
          body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX caller_task ON caller (task) WHERE task <> 0;
        CREATE INDEX caller_outage ON caller (outage) WHERE outage IS NOT NULL;
        CREATE INDEX caller_report ON caller (report);

        CREATE TABLE outage (
          id TEXT PRIMARY KEY,
          revision INTEGER NOT NULL,
          open INTEGER NOT NULL,
          body BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX outage_open ON outage (id) WHERE open = 1;
        """

    private static let subjectColumn = """
        ALTER TABLE history ADD COLUMN subject TEXT;  -- kind and name of what a line is about that is no task and no case
        CREATE INDEX history_subject ON history (subject) WHERE subject IS NOT NULL;
        """

    private static let caseTables = """
        ALTER TABLE head ADD COLUMN kase INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE history ADD COLUMN kase INTEGER;  -- the case that the task is a stage of, or whose line it is
        CREATE INDEX history_case ON history (kase) WHERE kase IS NOT NULL;

        CREATE TABLE shared (department TEXT, task INTEGER, PRIMARY KEY (department, task)) STRICT, WITHOUT ROWID;

        CREATE TABLE plan (digest TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE cases (
          id INTEGER PRIMARY KEY,      -- day << 32 | number
          revision INTEGER NOT NULL,
          state INTEGER NOT NULL,
          open INTEGER NOT NULL,
          process TEXT NOT NULL,
          plan TEXT NOT NULL,
          customer TEXT,
          body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX case_open ON cases (id) WHERE open = 1;
        CREATE INDEX case_customer ON cases (customer) WHERE customer IS NOT NULL;
        """

    private static let houseTables = """
        CREATE TABLE head (
          one INTEGER PRIMARY KEY CHECK (one = 1),
          input INTEGER NOT NULL,      -- the last number given in the table of that name
          history INTEGER NOT NULL,
          notice INTEGER NOT NULL,
          task INTEGER NOT NULL,
          journaled INTEGER NOT NULL,  -- lines of history up to here are in the journal
          beats INTEGER NOT NULL       -- grows with each proof that the writer writes
        ) STRICT;
        INSERT INTO head VALUES (1, 0, 0, 0, 0, 0, 0);

        CREATE TABLE context (
          id INTEGER PRIMARY KEY,
          rules TEXT NOT NULL,         -- hash of the rule set
          engine TEXT NOT NULL,        -- version of the program and of its time-zone data
          UNIQUE (rules, engine)
        ) STRICT;

        CREATE TABLE input (
          seq INTEGER PRIMARY KEY,
          at INTEGER NOT NULL,         -- the instant of the decision, ms since 1970
          kind INTEGER NOT NULL,
          context INTEGER NOT NULL,
          source TEXT,                 -- source and id: the idempotency key; NULL for ticks, positions and rules
          id TEXT,
          digest BLOB,
          receipt BLOB,
          body BLOB                    -- the input's form in the log, without personal data
        ) STRICT;
        CREATE UNIQUE INDEX input_key ON input (source, id) WHERE source IS NOT NULL;

        CREATE TABLE personal (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

        CREATE TABLE task (
          id INTEGER PRIMARY KEY,      -- day << 32 | number
          revision INTEGER NOT NULL,
          state INTEGER NOT NULL,
          open INTEGER NOT NULL,
          priority INTEGER NOT NULL,
          department TEXT NOT NULL,
          crew TEXT,
          body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX task_open ON task (priority, id) WHERE open = 1;

        CREATE TABLE history (
          id INTEGER PRIMARY KEY,
          task INTEGER NOT NULL,
          revision INTEGER NOT NULL,
          at INTEGER NOT NULL,
          event INTEGER NOT NULL,
          body BLOB NOT NULL,
          why BLOB                     -- JSON: the reasons, as the decision had them
        ) STRICT;
        CREATE INDEX history_task ON history (task);

        CREATE TABLE notice (
          row INTEGER PRIMARY KEY,
          task INTEGER NOT NULL,
          recipient TEXT NOT NULL,
          state INTEGER NOT NULL,      -- 0 pending, 1 delivered, 2 parked
          attempts INTEGER NOT NULL,
          next_at INTEGER NOT NULL,    -- pending: when to try; else when it ended
          body BLOB NOT NULL,
          error TEXT                   -- what the last attempt said
        ) STRICT;
        CREATE INDEX notice_due ON notice (next_at, row) WHERE state = 0;
        CREATE INDEX notice_order ON notice (task, recipient, row) WHERE state = 0;
        CREATE INDEX notice_parked ON notice (row) WHERE state = 2;

        CREATE TABLE crew (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE customer (account TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
        """
}

extension HistoryEvent {
    /// What ends the work on a task.
    fileprivate static let ending: [HistoryEvent] = [.completed, .cancelled, .merged]
}

extension TaskState {
    fileprivate static let ending: [TaskState] = [.completed, .closed, .cancelled, .merged]
}
