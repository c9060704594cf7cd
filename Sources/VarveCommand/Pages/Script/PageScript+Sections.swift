extension PageScript {
    /// The sections that the script fills and shows. Without it they stay hidden.
    static let sections = #"""
        <section class="scripted broad" aria-labelledby="heat-title" hidden>
        <h2 id="heat-title">Layers by steps</h2>
        <div class="controls">
        <label>show <select id="heat-measure">
        <option value="bits">bits a weight</option><option value="ratio">ratio</option>
        <option value="error">error</option><option value="unchanged">unchanged share</option>
        </select></label>
        <label>of <select id="heat-role">
        <option value="all">all roles</option><option value="0">weights</option><option value="1">first moments</option>
        <option value="2">second moments</option><option value="3">other tensors</option>
        </select></label>
        <button id="heat-open">unfold all</button><button id="heat-close">fold all</button>
        <span id="heat-legend" class="scale" aria-label="scale of the shades"></span>
        </div>
        <div id="heat" class="heat"></div>
        <p id="heat-says" class="says" aria-live="polite"></p>
        <button id="heat-more" class="more" hidden></button>
        <p class="note">Bits a weight: what is stored of the chosen roles for each weight of the layer. Error: squared error over squared
        change (weights) or over the sum of squares (moments), in steps that build on another; of all roles that of the weights.
        Unchanged: the share of values restored as “no change” (weights) or zero (moments).</p>
        </section>
        <section class="scripted broad" aria-labelledby="treemap-title" hidden>
        <h2 id="treemap-title">The archive by layer, tensor, role</h2>
        <nav id="treemap-path" class="path" aria-label="where the map is"></nav>
        <div id="treemap" class="treemap"></div>
        <p class="note">An area stands for stored bytes. A click goes one level down.</p>
        </section>
        <section class="scripted broad" aria-labelledby="scatter-title" hidden>
        <h2 id="scatter-title">Tensors: bits against error</h2>
        <div id="scatter" class="scatter"></div>
        <p id="scatter-none" hidden>No tensor of a step that builds on another has an error.</p>
        <div id="scatter-says" hidden><p>Far from the others of their role:</p><ul id="scatter-outliers" class="outliers"></ul></div>
        </section>
        <section class="scripted wide" aria-labelledby="table-title" hidden>
        <h2 id="table-title">All tensors</h2>
        <div class="controls">
        <label>search <input id="table-search" type="search" placeholder="name, role, coding"></label>
        <label><input id="table-flat" type="checkbox"> only tensors</label>
        <button id="table-open">unfold all</button><button id="table-close">fold all</button>
        <button id="table-export">export CSV</button>
        </div>
        <p id="table-says" class="says" aria-live="polite"></p>
        <div class="scroll" tabindex="0" role="region" aria-labelledby="table-title"><table id="tensor-table">
        <caption>Each tensor over all steps. The error is that of the steps that build on another; a layer's that of its weights.</caption>
        <thead></thead><tbody></tbody></table></div>
        <button id="table-more" class="more" hidden></button>
        </section>

        """#
}
