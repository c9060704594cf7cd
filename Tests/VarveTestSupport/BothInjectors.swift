package import FileSystem

/// Two injectors at a time: the first decides, both are told what was done.
package struct BothInjectors: SystemCalls.FaultInjector {
    private let first: any SystemCalls.FaultInjector
    private let second: any SystemCalls.FaultInjector

    package init(_ first: any SystemCalls.FaultInjector, _ second: any SystemCalls.FaultInjector) {
        self.first = first
        self.second = second
    }

    package func errorNumber(for call: SystemCalls.Name, path: String) -> Int32? {
        first.errorNumber(for: call, path: path) ?? second.errorNumber(for: call, path: path)
    }

    package func shortWrite(path: String, count: Int) -> Int? {
        first.shortWrite(path: path, count: count) ?? second.shortWrite(path: path, count: count)
    }

    package func shortRead(path: String, count: Int) -> Int? {
        first.shortRead(path: path, count: count) ?? second.shortRead(path: path, count: count)
    }

    package func performed(_ call: SystemCalls.Name, path: String, _ effect: SystemCalls.Effect) {
        first.performed(call, path: path, effect)
        second.performed(call, path: path, effect)
    }
}
