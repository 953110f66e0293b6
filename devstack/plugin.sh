#!/usr/bin/env bash
# DevStack plugin: enable_plugin mistral <repository> [branch]

# Components that get a process of their own, besides the API (under uWSGI).
MISTRAL_COMPONENTS=(engine executor event-engine notifier scheduler)

XTRACE=$(set +o | grep xtrace)
set -o xtrace

function is_mistral_distributed {
    is_service_enabled mistral-api && is_service_enabled mistral-engine &&
        is_service_enabled mistral-executor && is_service_enabled mistral-event-engine
}

# Service user, catalog entry and endpoints.
function create_mistral_accounts {
    if ! is_service_enabled key; then
        return
    fi
    create_service_user "mistral" "admin"
    get_or_create_service "mistral" "workflowv2" "Workflow Service v2"
    get_or_create_endpoint "workflowv2" "$REGION_NAME" \
        "$MISTRAL_SERVICE_PROTOCOL://$MISTRAL_SERVICE_HOST/workflow/v2"
}

function install_mistral_lib {
    if use_library_from_git "mistral-lib"; then
        git_clone "$MISTRAL_LIB_REPO" "$DEST/mistral-lib" "$MISTRAL_LIB_BRANCH"
        setup_develop "$DEST/mistral-lib"
    fi
}

function install_mistral_extra {
    if use_library_from_git "mistral-extra"; then
        git_clone "$MISTRAL_EXTRA_REPO" "$DEST/mistral-extra" "$MISTRAL_EXTRA_BRANCH"
        setup_develop "$DEST/mistral-extra"
    fi
}

function install_mistral_pythonclient {
    if use_library_from_git "python-mistralclient"; then
        git_clone "$MISTRALCLIENT_REPO" "$DEST/python-mistralclient" "$MISTRALCLIENT_BRANCH"
        setup_develop "$DEST/python-mistralclient"
        sudo install -D -m 0644 -o "$STACK_USER" \
            "$DEST/python-mistralclient/tools/mistral.bash_completion" \
            /etc/bash_completion.d/mistral.bash_completion
    fi
}

function install_mistral {
    setup_develop "$MISTRAL_DIR"
    # The driver that DevStack's database URL names.
    if is_service_enabled postgresql; then
        pip_install_gr psycopg2
    else
        pip_install_gr PyMySQL
    fi
    if is_service_enabled horizon; then
        git_clone "$MISTRAL_DASHBOARD_REPO" "$MISTRAL_DASHBOARD_DIR" "$MISTRAL_DASHBOARD_BRANCH"
        setup_develop "$MISTRAL_DASHBOARD_DIR"
        ln -fs "$MISTRAL_DASHBOARD_DIR/mistraldashboard/enabled/_50_mistral.py" \
            "$HORIZON_DIR/openstack_dashboard/local/enabled/_50_mistral.py"
    fi
}

function configure_mistral {
    sudo install -d -o "$STACK_USER" "$MISTRAL_CONF_DIR"
    (cd "$MISTRAL_DIR" && "$MISTRAL_BIN_DIR/oslo-config-generator" \
        --config-file tools/config/config-generator.mistral.conf --output-file "$MISTRAL_CONF_FILE")

    iniset "$MISTRAL_CONF_FILE" DEFAULT debug "$MISTRAL_DEBUG"
    iniset "$MISTRAL_CONF_FILE" DEFAULT server all
    iniset "$MISTRAL_CONF_FILE" api host "$MISTRAL_SERVICE_HOST"
    iniset "$MISTRAL_CONF_FILE" api allow_action_execution_deletion True
    iniset "$MISTRAL_CONF_FILE" database connection "$(database_connection_url mistral)"
    iniset "$MISTRAL_CONF_FILE" database max_overflow -1
    iniset "$MISTRAL_CONF_FILE" database max_pool_size 1000
    iniset_rpc_backend mistral "$MISTRAL_CONF_FILE"

    configure_keystone_authtoken_middleware "$MISTRAL_CONF_FILE" mistral
    iniset "$MISTRAL_CONF_FILE" keystone_authtoken www_authenticate_uri "$KEYSTONE_SERVICE_URI_V3"

    setup_logging "$MISTRAL_CONF_FILE"
    write_uwsgi_config "$MISTRAL_UWSGI_CONF" "$MISTRAL_UWSGI" "/workflow" "" "mistral"
}

function init_mistral {
    recreate_database mistral utf8
    "$MISTRAL_BIN_DIR/mistral-db-manage" --config-file "$MISTRAL_CONF_FILE" upgrade head
    "$MISTRAL_BIN_DIR/mistral-db-manage" --config-file "$MISTRAL_CONF_FILE" populate
}

function start_mistral {
    local server="$MISTRAL_BIN_DIR/mistral-server --config-file $MISTRAL_CONF_FILE"
    local component
    if is_mistral_distributed; then
        run_process mistral-api \
            "$MISTRAL_BIN_DIR/uwsgi --procname-prefix mistral-api --ini $MISTRAL_UWSGI_CONF"
        for component in "${MISTRAL_COMPONENTS[@]}"; do
            run_process "mistral-$component" "$server --server $component"
        done
    else
        run_process mistral "$server --server all"
    fi
}

function stop_mistral {
    local service
    for service in mistral mistral-api "${MISTRAL_COMPONENTS[@]/#/mistral-}"; do
        stop_process "$service"
    done
}

function cleanup_mistral {
    sudo rm -rf "$MISTRAL_CONF_DIR"
    remove_uwsgi_config "$MISTRAL_UWSGI_CONF" "mistral"
    if is_service_enabled horizon; then
        rm -f "$HORIZON_DIR/openstack_dashboard/local/enabled/_50_mistral.py"
    fi
}

if is_service_enabled mistral; then
    case "$1:$2" in
        stack:install)
            echo_summary "Installing Mistral"
            install_mistral_lib
            install_mistral_extra
            install_mistral_pythonclient
            install_mistral
            ;;
        stack:post-config)
            echo_summary "Configuring Mistral"
            create_mistral_accounts
            configure_mistral
            ;;
        stack:extra)
            echo_summary "Starting Mistral"
            init_mistral
            start_mistral
            ;;
        unstack:*)
            stop_mistral
            ;;
        clean:*)
            cleanup_mistral
            ;;
    esac
fi

$XTRACE
