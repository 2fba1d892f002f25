"""What servers add to a configuration themselves, by key or `parent.key`.

As Prometheus 3.5 and Alertmanager 0.33 print it in `/api/v1/status/config` and `/api/v2/status`.
"""

from __future__ import annotations

from truegauge_generator.drift.structure import Defaults

_PROTOCOLS = ["OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0", "PrometheusText0.0.4"]

_HTTP: Defaults = {
    "follow_redirects": ("true",),
    "enable_http2": ("true",),
    "authorization.type": ("Bearer",),
    "insecure_skip_verify": ("false",),
}

PROMETHEUS: Defaults = {
    **_HTTP,
    "scrape_protocols": (_PROTOCOLS, [name for name in _PROTOCOLS if name != "PrometheusText1.0.0"]),
    "global.scrape_interval": ("1m",),
    "global.evaluation_interval": ("1m",),
    "runtime": ({"gogc": "75"},),
    "otlp": ({"translation_strategy": "UnderscoreEscapingWithSuffixes"}, {}),
    "honor_timestamps": ("true",),
    "metrics_path": ("/metrics",),
    "scheme": ("http",),
    "enable_compression": ("true",),
    "metric_name_validation_scheme": ("utf8",),
    "metric_name_escaping_scheme": ("allow-utf-8",),
    "timeout": ("10s",),
    "api_version": ("v2",),
    "action": ("replace",),
    "separator": (";",),
}

_SLACK = {
    key: (f'{{{{ template "slack.default.{name}" . }}}}',)
    for key, name in {
        "username": "username",
        "color": "color",
        "title_link": "titlelink",
        "pretext": "pretext",
        "footer": "footer",
        "fallback": "fallback",
        "callback_id": "callbackid",
        "icon_emoji": "iconemoji",
        "icon_url": "iconurl",
    }.items()
}
_PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
_SLACK_APP = "https://slack.com/api/chat.postMessage"
_PAGERDUTY_CLIENT = '{{ template "pagerduty.default.client" . }}'

ALERTMANAGER: Defaults = {
    **_HTTP,
    **_SLACK,
    "resolve_timeout": ("5m",),
    "smtp_hello": ("localhost",),
    "smtp_require_tls": ("true",),
    "slack_app_url": (_SLACK_APP,),
    "pagerduty_url": (_PAGERDUTY,),
    "opsgenie_api_url": ("https://api.opsgenie.com/",),
    "wechat_api_url": ("https://qyapi.weixin.qq.com/cgi-bin/",),
    "victorops_api_url": ("https://alert.victorops.com/integrations/generic/20131114/alert/",),
    "telegram_api_url": ("https://api.telegram.org",),
    "webex_api_url": ("https://webexapis.com/v1/messages",),
    "rocketchat_api_url": ("https://open.rocket.chat/",),
    "url": (_PAGERDUTY,),
    "app_url": (_SLACK_APP,),
    "client": (_PAGERDUTY_CLIENT,),
    "source": (_PAGERDUTY_CLIENT,),
    "client_url": ('{{ template "pagerduty.default.clientURL" . }}',),
    "details": (
        {
            "firing": "{{ .Alerts.Firing | toJson }}",
            "num_firing": "{{ .Alerts.Firing | len }}",
            "num_resolved": "{{ .Alerts.Resolved | len }}",
            "resolved": "{{ .Alerts.Resolved | toJson }}",
        },
        {
            "firing": '{{ template "pagerduty.default.instances" .Alerts.Firing }}',
            "num_firing": "{{ .Alerts.Firing | len }}",
            "num_resolved": "{{ .Alerts.Resolved | len }}",
            "resolved": '{{ template "pagerduty.default.instances" .Alerts.Resolved }}',
        },
    ),
    "hello": ("localhost",),
    "require_tls": ("true",),
}
"""Where a channel's `send_resolved` is not declared, see `alertmanager.py`: its default depends on the channel."""

RESOLVED = {"email_configs": "false", "pagerduty_configs": "true", "slack_configs": "false", "webhook_configs": "true"}
"""`send_resolved` of each channel, where it is not said."""
