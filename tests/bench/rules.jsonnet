// The same rules in jsonnet: a function of the system, given as the text of its JSON. Strings are put together with
// `+`: formatted with `%`, they take gojsonnet five times as long.
local number(written) =
  if std.isNumber(written) then written
  else if std.endsWith(written, '%') then std.parseJson(std.strReplace(written, '%', '')) / 100
  else if std.endsWith(written, 'ms') then std.parseJson(std.strReplace(written, 'ms', '')) / 1000
  else std.parseJson(std.strReplace(written, 's', ''));

local value(when) =
  if 'quantile' in when then
    'histogram_quantile(' + when.quantile
    + ', sum by (job, instance, le) (rate(' + when.metric + '_bucket[' + when.over + '])))'
  else if 'limit' in when then when.metric + ' / ' + when.limit
  else if 'share_of' in when then
    local increase(metric) = 'increase(' + metric + '[' + when.over + '])';
    increase(when.metric) + ' / (' + std.join(' + ', [increase(metric) for metric in when.share_of]) + ')'
  else if 'increase_over' in when then 'increase(' + when.metric + '[' + when.increase_over + '])'
  else when.metric;

function(json, docs_url) {
  local system = std.parseJson(json),
  groups: [{
    name: system.system,
    rules: [
      local alert = system.alerts[name];
      {
        alert: name,
        expr: value(alert.when) + (
          if 'above' in alert.when then ' > ' + number(alert.when.above) else ' < ' + number(alert.when.below)
        ),
        'for': alert['for'],
        labels: { severity: alert.severity } + alert.labels,
        annotations: { summary: alert.summary, runbook_url: docs_url + '#' + std.asciiLower(name) },
      }
      for name in std.objectFields(system.alerts)
    ],
  }],
}
