// What the texts of an app's keys may hold: names, images, hosts, ports, schedules. Each check gives what is wrong, or
// "". Pure.
#pragma once

#include <string>
#include <string_view>

namespace autonomous::model {

std::string check_app_name(std::string_view name);
std::string check_project_name(std::string_view name);
std::string check_image_text(std::string_view image);
std::string check_variable(std::string_view name);
std::string check_label_name(std::string_view name);
std::string check_port_name(std::string_view name);
std::string check_host(std::string_view host);
std::string check_url_path(std::string_view path);
std::string check_absolute(std::string_view path);
std::string check_cron(std::string_view text);
std::string check_egress(std::string_view text);
std::string check_command(std::string_view text);

}  // namespace autonomous::model
