#!/bin/sh
# Builds the fuzz target NAME (Parser, Evaluator, Matcher, YAML, Rules) to OUT/run; from the repository's root, after a `swift build` has
# fetched the packages:
#
#     Tests/Fuzz/build.sh NAME OUT [SANITIZE]
#
# OPTIMIZE in the environment: `-O` (default), or `-Onone` to build quickly.
# SANITIZE: `fuzzer` (default; coverage of edges alone, several times as fast), or `fuzzer,address`.
set -eu
name=$1
out=$2
sanitize=${3:-fuzzer}
mkdir -p "$out"
flags="${OPTIMIZE:--O} -wmo -parse-as-library -package-name paidan -swift-version 6 -enable-upcoming-feature MemberImportVisibility"
flags="$flags -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature ExistentialAny -sanitize=$sanitize"
coverage=edge,inline-8bit-counters,pc-table
flags="$flags -sanitize-coverage=$coverage"
case $name in
Parser | Evaluator | Matcher)
    swiftc $flags -module-name Fuzz Sources/CEL/*.swift Tests/Fuzz/Harness.swift "Tests/Fuzz/${name}Fuzz.swift" -o "$out/run"
    ;;
YAML | Rules)
    yaml=.build/checkouts/Yams/Sources/CYaml
    parts=$out/parts
    mkdir -p "$parts"
    extra=
    case $sanitize in *address*) extra=-fsanitize=address ;; esac
    for file in api parser reader scanner; do
        clang -O2 -c $extra "-fsanitize-coverage=$coverage" '-DYAML_DECLARE_EXPORT' -I "$yaml/include" "$yaml/src/$file.c" -o "$parts/$file.o"
    done
    # The digest of a set's files is of no interest here: a stand-in for swift-crypto, which is no part of what is tried.
    echo 'public struct SHA256 { public init() {}
        public mutating func update(bufferPointer: UnsafeRawBufferPointer) {}
        public func finalize() -> [UInt8] { [UInt8](repeating: 0, count: 32) } }' >"$parts/Crypto.swift"
    swiftc $flags -c -emit-module -emit-module-path "$parts/Crypto.swiftmodule" -module-name Crypto "$parts/Crypto.swift" -o "$parts/Crypto.o"
    for module in Domain CEL Rules; do
        swiftc $flags -c -enable-testing -emit-module -emit-module-path "$parts/$module.swiftmodule" -module-name $module \
            -I "$parts" -I "$yaml/include" Sources/$module/*.swift -o "$parts/$module.o"
    done
    swiftc $flags -c -module-name Fuzz -I "$parts" -I "$yaml/include" Tests/Fuzz/Harness.swift "Tests/Fuzz/${name}Fuzz.swift" -o "$parts/Fuzz.o"
    swiftc -sanitize=$sanitize "$parts"/*.o -o "$out/run"
    ;;
*)
    echo "no target $name" >&2
    exit 64
    ;;
esac
