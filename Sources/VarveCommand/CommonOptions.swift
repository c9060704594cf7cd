import ArgumentParser

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Flag(name: [.short, .long], help: "Say nothing but results and errors.")
    var quiet = false

    @Flag(help: "Print JSON on standard output.")
    var json = false
}

/// The archive's path without trailing slashes.
func normalized(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
}
