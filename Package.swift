// swift-tools-version: 6.2
// paidan: dispatch for an electric power utility. The floors of the house, bottom first; a target imports only from
// floors below its own, and rooms on one floor never import each other (Tests/HouseTests holds the list).

import PackageDescription

/// The strictest compiler there is: a warning is an error, and nothing is exported, existential or actor-hopping by accident.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let package = Package(
    name: "paidan",
    products: [
        .executable(name: "paidan", targets: ["paidan"]),
        .executable(name: "paidan-bench", targets: ["paidan-bench"]),
    ],
    dependencies: [
        // HTTP over TCP and Unix sockets, back-pressure and graceful stop. Only in API.
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        // The event loop under Hummingbird: named directly for Unix sockets and for the command line's own client. Only in API.
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        // SQLite with migrations, cached statements and a pool of readers. Only in Store.
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        // For libyaml, which it carries as the module CYaml: we read its events, never Yams' own nodes. Only in Rules.
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
        // Subcommands, flags, help and exit code 64. Only in paidan and paidan-bench.
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        // SHA-256 for content keys, the hash of a rule set and the chain over the log. Only in Domain.
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        // Heap and Deque for timers and queues. In Decisions, Daemon and City.
        .package(url: "https://github.com/apple/swift-collections.git", exact: "1.6.0"),
    ],
    targets: [
        // Floor 0: the nouns of the trade and the wire form of inputs; and the condition language, which knows nothing of electricity.
        .target(name: "Domain", dependencies: [.product(name: "Crypto", package: "swift-crypto")], swiftSettings: strict),
        .target(name: "CEL", swiftSettings: strict),

        // Floor 1: YAML text to a checked, compiled rule set; and which crew, in which order.
        .target(
            name: "Rules", dependencies: ["Domain", "CEL", .product(name: "Yams", package: "Yams")], swiftSettings: strict),
        .target(name: "Planning", dependencies: ["Domain"], swiftSettings: strict),

        // Floor 2: the mind, pure.
        .target(
            name: "Decisions",
            dependencies: ["Domain", "Rules", "Planning", .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: strict),

        // What was done and how long it took, added up and drawn; pure too.
        .target(name: "Figures", dependencies: ["Domain", "Rules"], swiftSettings: strict),

        // Floor 3: the doors, one technology each.
        .target(
            name: "API",
            dependencies: [
                "Domain", "Decisions",
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .target(name: "Inbox", dependencies: ["Domain"], swiftSettings: strict),
        .target(name: "Outbox", dependencies: ["Domain", "Decisions", "CSpawn"], swiftSettings: strict),
        // glibc's declarations for closing descriptors in a started command. Only in Outbox.
        .systemLibrary(name: "CSpawn"),
        .target(
            name: "Store",
            dependencies: [
                "Domain", "Rules", "Decisions", "Figures", .product(name: "GRDB", package: "GRDB.swift"),
                // SQLite's own C interface, for the statements of the hot path.
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            swiftSettings: strict),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .target(name: "Systemd", dependencies: ["CSystemd"], swiftSettings: strict),

        // Floor 4: wires it all; runs in-process in tests.
        .target(
            name: "Daemon",
            dependencies: [
                "Domain", "Rules", "Decisions", "Figures", "API", "Inbox", "Outbox", "Store", "Systemd",
                .product(name: "DequeModule", package: "swift-collections"),
            ],
            swiftSettings: strict),

        // Floor 5: a made-up city, or a real storm, lived through the daemon on a virtual clock. The demo and the benchmarks share it.
        .target(
            name: "City",
            dependencies: [
                "Domain", "Rules", "Decisions", "Inbox", "Store", "Daemon", .product(name: "HeapModule", package: "swift-collections"),
            ],
            // The shipped rules (links into rules/), so that the demo needs no installation.
            resources: ["calendar", "complaints", "connections", "contractors", "customers", "escalations", "faults", "monitoring", "planned-outages", "site", "texts"].map {
                .embedInCode("Resources/\($0).yaml")
            },
            swiftSettings: strict),

        // Floor 6: flags, subcommands, exit codes, terminal output. No logic.
        .executableTarget(
            name: "paidan",
            dependencies: [
                "Domain", "Rules", "Decisions", "API", "Daemon", "City",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .executableTarget(
            name: "paidan-bench",
            dependencies: [
                "Domain", "Rules", "Decisions", "Figures", "API", "Store", "Daemon", "City",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),

        .testTarget(name: "HouseTests", swiftSettings: strict),
        .testTarget(name: "DomainTests", dependencies: ["Domain"], swiftSettings: strict),
        .testTarget(name: "CELTests", dependencies: ["CEL"], swiftSettings: strict),
        .testTarget(name: "CELConformanceTests", dependencies: ["CEL"], exclude: ["cases.jsonl"], swiftSettings: strict),
        .testTarget(name: "RulesTests", dependencies: ["Domain", "CEL", "Rules"], exclude: ["Golden"], swiftSettings: strict),
        .testTarget(name: "PlanningTests", dependencies: ["Domain", "Planning"], swiftSettings: strict),
        .testTarget(name: "DecisionsTests", dependencies: ["Domain", "Rules", "Planning", "Decisions"], swiftSettings: strict),
        .testTarget(name: "FiguresTests", dependencies: ["Domain", "Rules", "Figures"], exclude: ["Golden"], swiftSettings: strict),
        .testTarget(
            name: "StoreTests",
            dependencies: ["Domain", "Rules", "Decisions", "Figures", "Store", .product(name: "GRDB", package: "GRDB.swift")], swiftSettings: strict),
        .testTarget(name: "DoorsTests", dependencies: ["Domain", "Decisions", "API", "Inbox", "Outbox", "Systemd"], swiftSettings: strict),
        .testTarget(name: "CLITests", dependencies: [
                "Domain", "Rules", "Decisions", "API", "Store", "City", "paidan", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: strict),
        .testTarget(
            name: "DaemonTests",
            dependencies: ["Domain", "Rules", "Decisions", "Figures", "Store", "Daemon", "API", "City"], swiftSettings: strict),
    ]
)
