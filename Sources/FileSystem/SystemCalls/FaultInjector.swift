extension SystemCalls {
    /// Decides, in tests, the fate of every call, and is told what was done.
    package protocol FaultInjector: Sendable {
        /// `nil` lets the call through; a value makes it fail with that errno. EINTR is asked for again, as the system is.
        /// An injector may also end the process here: nothing of the call has happened yet.
        func errorNumber(for call: Name, path: String) -> Int32?
        /// The most bytes this write may take, `nil` for no limit.
        func shortWrite(path: String, count: Int) -> Int?
        /// The most bytes this read may give, `nil` for no limit.
        func shortRead(path: String, count: Int) -> Int?
        /// A call has done its work and is about to return.
        func performed(_ call: Name, path: String, _ effect: Effect)
    }

    /// What a call that succeeded did, as far as a disk would have to keep it.
    package enum Effect {
        /// Nothing beyond what name and path of the call say.
        case plain
        case opened(descriptor: Int32, flags: Int32, mode: UInt32)
        /// The bytes are there only as long as `performed` runs.
        case written(descriptor: Int32, offset: UInt64, bytes: UnsafeRawBufferPointer)
        case resized(descriptor: Int32, byteCount: UInt64)
        case synced(descriptor: Int32)
        case closed(descriptor: Int32)
        /// The path is the new name.
        case renamed(from: String)
        case linked(to: String)
        case linkedSymbolically(target: String)
    }
}

extension SystemCalls.FaultInjector {
    package func shortWrite(path: String, count: Int) -> Int? { nil }
    package func shortRead(path: String, count: Int) -> Int? { nil }
    package func performed(_ call: SystemCalls.Name, path: String, _ effect: SystemCalls.Effect) {}
}
