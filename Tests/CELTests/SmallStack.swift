import Glibc
import Testing

/// Runs `body` on a thread of its own with so much stack and no more.
func onSmallStack(bytes: Int, _ body: @escaping @Sendable () -> String) -> String {
    final class Box {
        let body: @Sendable () -> String
        var result = ""
        init(_ body: @escaping @Sendable () -> String) { self.body = body }
    }
    let box = Box(body)
    let attributes = UnsafeMutablePointer<pthread_attr_t>.allocate(capacity: 1)
    defer { attributes.deallocate() }
    pthread_attr_init(attributes)
    #expect(pthread_attr_setstacksize(attributes, bytes) == 0)
    var thread = pthread_t()
    let created = pthread_create(
        &thread, attributes,
        { argument in
            guard let argument else { return nil }
            let box = Unmanaged<Box>.fromOpaque(argument).takeUnretainedValue()
            box.result = box.body()
            return nil
        }, Unmanaged.passUnretained(box).toOpaque())
    #expect(created == 0)
    pthread_join(thread, nil)
    pthread_attr_destroy(attributes)
    return withExtendedLifetime(box) { box.result }
}
