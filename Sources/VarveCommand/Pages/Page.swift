import FoundationEssentials
import Varve

/// One self-contained page: no network, no script but its own, readable without it.
struct Page {
    var title: String
    /// What stands under the title, as HTML.
    var subtitle: String
    /// Sections, as HTML.
    var content: String
    /// JSON that the script draws; a page without has no script.
    var data: String?

    /// Hashes of the only style and the only script that a browser may use, so that nothing else in the page can act.
    private var policy: String {
        var parts = ["default-src 'none'", "style-src '\(Self.hash(PageStyle.text))'"]
        if data != nil { parts.append("script-src '\(Self.hash(PageScript.text))'") }
        return (parts + ["base-uri 'none'", "form-action 'none'"]).joined(separator: "; ")
    }

    private static func hash(_ text: String) -> String {
        "sha256-" + Data(PageFile.digest(text)).base64EncodedString()
    }

    var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        \(PageFile.mark)\(VarveRelease.version)">
        <meta http-equiv="Content-Security-Policy" content="\(policy)">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(HTMLText.escaped(HTMLText.shortened(title, most: 120)))</title>
        <style>\(PageStyle.text)</style>
        </head>
        <body>
        <header><h1>\(HTMLText.name(title))</h1><p class="sub">\(subtitle)</p></header>
        <main>
        \(content)</main>
        <footer>Made by varve \(VarveRelease.version). This page needs no network.</footer>
        \(script)</body>
        </html>

        """
    }

    private var script: String {
        guard let data else { return "" }
        return """
            <script type="application/json" id="data">\(data)</script>
            <script>\(PageScript.text)</script>

            """
    }
}
