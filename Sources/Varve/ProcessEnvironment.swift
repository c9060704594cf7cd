package import FileSystem

/// The environment, for the command, which knows this module only.
package typealias ProcessEnvironment = Environment
