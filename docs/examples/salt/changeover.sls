# Takes nginx over to a new build, and says why where it cannot.
#
#   salt 'web*' state.apply changeover exclude="[{id: nginx-changeover}]"   # lays the files, ahead of time
#   salt 'web*' state.apply changeover test=True                            # says what would happen on each minion
#   salt -b 1 --failhard 'web*' state.apply changeover                      # does it, one minion after the other

{% set version = salt["pillar.get"]("nginx:version", "1.26.3") %}
{# Written down where the build was made: a run refuses every other file. #}
{% set sha256 = salt["pillar.get"](
    "nginx:sha256", "3f804ae7dda33a8368993d5d6087bfbc5fbf8c8ed1760af12fc9e8a74966d8a7") %}

{% set program = "/usr/local/sbin/changeover" %}
{% set plan = "/etc/changeover/nginx.toml" %}
{% set build = "/srv/nginx/" ~ version ~ "/nginx" %}
{% set given = plan ~ " --set version=" ~ version ~ " --set source=" ~ build ~ " --set sha256=" ~ sha256 %}

changeover-program:
  file.managed:
    - name: {{ program }}
    - source: salt://files/changeover
    - mode: "0755"

changeover-plan:
  file.managed:
    - name: {{ plan }}
    - source: salt://files/nginx.toml
    - makedirs: True

nginx-build:
  file.managed:
    - name: {{ build }}
    - source: salt://files/nginx-{{ version }}
    - mode: "0755"
    - makedirs: True

nginx-changeover:
  cmd.run:
    - name: {{ program }} run {{ given }} --output salt
    - stateful:
      - test_name: {{ program }} preview {{ given }} --output salt
    - require:
      - file: changeover-program
      - file: changeover-plan
      - file: nginx-build
    # What test mode has not laid cannot be looked at.
    - onlyif: test -e {{ program }} -a -e {{ plan }} -a -e {{ build }}
