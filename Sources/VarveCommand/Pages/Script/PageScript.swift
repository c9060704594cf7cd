/// The script of a page. It uses no library, makes every text with `textContent`, and asks for nothing.
///
/// It stands here as strings so that the program is one file. Its parts share one scope.
enum PageScript {
    static let text =
        "\"use strict\";\n(() => {\n" + base + tree + heatMap + treemap + scatter + table + start + "})();\n"

    private static let start = #"""
        for (const part of document.querySelectorAll(".scripted")) part.hidden = false;
        new TensorTable(find("tensor-table"));
        new HeatMap(find("heat"));
        new Treemap(find("treemap"));
        new Scatter(find("scatter"));
        document.documentElement.dataset.drawn = Math.round(performance.now());

        """#
}
