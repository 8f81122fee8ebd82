/// A source file as the checks see it: its path from the package's root, and its text.
struct SourceFile {
    var path: String
    var text: String

    /// `Domain` of `Sources/Domain/Place.swift`; nil outside of Sources.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count >= 3 && parts[0] == "Sources" ? String(parts[1]) : nil
    }
}

/// A target of the house: its floor, the rooms it may import, and what else it may import.
struct Room {
    var name: String
    var floor: Int
    var rooms: Set<String> = []
    var libraries: Set<String> = []
    /// No clock, no dice, no I/O, no lock, no concurrency.
    var isPure = false
}

/// The plan of the house: what each target may import. Whoever needs more changes it here, and says why in the commit.
let house: [Room] = [
    Room(name: "Domain", floor: 0, libraries: ["Crypto", "Glibc"], isPure: true),
    Room(name: "CEL", floor: 0, isPure: true),

    Room(name: "Rules", floor: 1, rooms: ["Domain", "CEL"], libraries: ["CYaml"], isPure: true),
    Room(name: "Planning", floor: 1, rooms: ["Domain"], isPure: true),

    Room(name: "Decisions", floor: 2, rooms: ["Domain", "Rules", "Planning"], libraries: ["HeapModule"], isPure: true),
    Room(name: "Figures", floor: 2, rooms: ["Domain", "Rules"], isPure: true),

    Room(
        name: "API", floor: 3, rooms: ["Domain", "Decisions"],
        libraries: [
            "HummingbirdCore", "HTTPTypes", "Logging", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOHTTPTypes", "NIOHTTPTypesHTTP1", "Synchronization", "Glibc",
        ]),
    Room(name: "Inbox", floor: 3, rooms: ["Domain"], libraries: ["Dispatch", "Glibc", "Synchronization"]),
    Room(name: "Outbox", floor: 3, rooms: ["Domain", "Decisions", "CSpawn"], libraries: ["Dispatch", "Glibc", "Synchronization"]),
    Room(name: "CSpawn", floor: 2),
    Room(name: "Store", floor: 3, rooms: ["Domain", "Rules", "Decisions", "Figures"], libraries: ["GRDB", "GRDBSQLite", "Glibc", "Synchronization"]),
    Room(name: "CSystemd", floor: 2),
    Room(name: "Systemd", floor: 3, rooms: ["CSystemd"], libraries: ["Glibc", "Synchronization"]),

    Room(
        name: "Daemon", floor: 4, rooms: ["Domain", "Rules", "Decisions", "Figures", "API", "Inbox", "Outbox", "Store", "Systemd"],
        libraries: ["DequeModule", "Dispatch", "Glibc", "Synchronization"]),

    Room(
        name: "City", floor: 5, rooms: ["Domain", "Rules", "Decisions", "Inbox", "Store", "Daemon"],
        libraries: ["HeapModule", "Glibc", "Synchronization"]),

    Room(
        name: "paidan", floor: 6, rooms: ["Domain", "Rules", "Decisions", "API", "Daemon", "City"],
        libraries: ["ArgumentParser", "Dispatch", "Glibc", "Synchronization"]),
    Room(
        name: "paidan-bench", floor: 6, rooms: ["Domain", "Rules", "Decisions", "Figures", "API", "Store", "Daemon", "City"],
        libraries: ["ArgumentParser", "Glibc", "Synchronization"]),
]

/// What may stand at the top of the repository, beside hidden files.
let topLevel: Set<String> = ["Package.swift", "Package.resolved", "Sources", "Tests", "rules", "systemd", "README.md"]

/// No file of the house is longer: one must be able to hold it in mind.
let lines_max = 600
