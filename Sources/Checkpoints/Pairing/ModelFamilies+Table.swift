extension ModelFamilies {
    /// Known families.
    static let all: [Family] = []
}
