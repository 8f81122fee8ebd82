import Domain

/// `/openapi.json`.
enum OpenAPI {
    static let document: [UInt8] = {
        var writer = JSONWriter()
        writer.object {
            $0.field("openapi", "3.1.0")
            $0.key("paths")
            $0.object { paths in
                for route in Route.all {
                    paths.key(route.path)
                    paths.object { _ in }
                }
            }
        }
        return writer.bytes
    }()
}
