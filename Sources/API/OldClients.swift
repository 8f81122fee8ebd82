import NIOCore
import NIOHTTP1

/// Clients that want the connection closed after the answer, in whatever way they say it: HTTP/1.0 says it by not asking for
/// the contrary, and `Close` counts as `close`. Behind this handler all of them say `Connection: close`.
final class OldClients: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(var head) = unwrapInboundIn(data), !head.isKeepAlive else { return context.fireChannelRead(data) }
        head.headers.replaceOrAdd(name: "connection", value: "close")
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}
