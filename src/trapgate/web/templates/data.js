{{ call }}({{ key|tojson }}, {{ json|safe }});
